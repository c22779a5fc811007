"""A secret from its making to its end, and the ways to log in, through hvac, as it does it with Vault."""

import os

import hvac
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest

client = hvac.Client(url=os.environ["VAULT_ADDR"], token=os.environ["VAULT_TOKEN"])
assert client.is_authenticated()
assert client.sys.is_initialized() and not client.sys.is_sealed()
assert client.sys.read_health_status(method="GET")["sealed"] is False
assert "secret/" in client.sys.list_mounted_secrets_engines()["data"]
assert client.sys.get_capabilities(["secret/data/x"])["data"]["secret/data/x"] == ["create", "delete", "read", "update"]

kv = client.secrets.kv.v2


def read(path, **more):
    return kv.read_secret_version(path, raise_on_deleted_version=True, **more)["data"]


def refused(kind, work):
    try:
        work()
    except kind:
        return True
    return False


first = kv.create_or_update_secret("life/db", {"user": "u", "port": 5432})
assert first["data"]["version"] == 1
kv.patch("life/db", {"password": "p"})
assert read("life/db")["data"] == {"user": "u", "port": 5432, "password": "p"}
assert read("life/db", version=1)["data"] == {"user": "u", "port": 5432}
assert kv.list_secrets("life")["data"]["keys"] == ["db"]
assert refused(InvalidRequest, lambda: kv.create_or_update_secret("life/db", {"a": "b"}, cas=1))
kv.create_or_update_secret("life/db", {"a": "b"}, cas=2)

kv.update_metadata("life/db", custom_metadata={"description": "of a life"})
metadata = kv.read_secret_metadata("life/db")["data"]
assert metadata["current_version"] == 3 and metadata["custom_metadata"] == {"description": "of a life"}

kv.delete_latest_version_of_secret("life/db")
assert refused(InvalidPath, lambda: read("life/db"))
kv.undelete_secret_versions("life/db", [3])
assert read("life/db")["data"] == {"a": "b"}
kv.delete_secret_versions("life/db", [read("life/db")["metadata"]["version"]])
assert refused(InvalidPath, lambda: read("life/db"))
kv.undelete_secret_versions("life/db", [3])
kv.destroy_secret_versions("life/db", [1])
assert refused(InvalidPath, lambda: read("life/db", version=1))

wrapped = client.adapter.get("/v1/secret/data/life/db", wrap_ttl="60s")["wrap_info"]
assert wrapped["ttl"] == 60
opener = hvac.Client(url=os.environ["VAULT_ADDR"], token=wrapped["token"])
assert opener.sys.unwrap()["data"]["data"] == {"a": "b"}
assert refused(InvalidRequest, lambda: opener.sys.unwrap())
token = client.sys.wrap({"a": "b"}, ttl="60")["wrap_info"]["token"]
assert client.sys.unwrap(token)["data"] == {"a": "b"}

with open("pod.token", encoding="utf8") as file:
    pod = file.read()
for log_in in (
    lambda own: own.auth.approle.login(role_id=os.environ["ROLE_ID"], secret_id=os.environ["SECRET_ID"]),
    lambda own: own.auth.jwt.jwt_login(role="ci", jwt=os.environ["JWT"]),
    lambda own: own.auth.kubernetes.login(role="pod", jwt=pod),
):
    own = hvac.Client(url=os.environ["VAULT_ADDR"])
    log_in(own)
    assert own.is_authenticated()
    found = own.secrets.kv.v2.read_secret_version("life/db", raise_on_deleted_version=True)
    assert found["data"]["data"] == {"a": "b"}
    assert refused(Forbidden, lambda: own.secrets.kv.v2.create_or_update_secret("life/db", {"a": "c"}))
    assert refused(InvalidRequest, own.auth.token.renew_self)
    own.auth.token.revoke_self()
    assert not own.is_authenticated()

kv.delete_metadata_and_all_versions("life/db")
assert refused(InvalidPath, lambda: read("life/db"))
assert refused(InvalidPath, lambda: kv.list_secrets("life"))
assert refused(Forbidden, lambda: hvac.Client(url=os.environ["VAULT_ADDR"], token="none").auth.token.lookup_self())
print("hvac went well")
