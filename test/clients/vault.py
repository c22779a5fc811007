"""A secret from its making to its end, through hvac, as it does it with Vault."""

import os

import hvac

client = hvac.Client(url=os.environ["VAULT_ADDR"], token=os.environ["VAULT_TOKEN"])
assert client.is_authenticated()
assert client.sys.is_initialized() and not client.sys.is_sealed()
assert "secret/" in client.sys.list_mounted_secrets_engines()["data"]

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
assert refused(hvac.exceptions.InvalidRequest, lambda: kv.create_or_update_secret("life/db", {"a": "b"}, cas=1))
kv.create_or_update_secret("life/db", {"a": "b"}, cas=2)

kv.update_metadata("life/db", custom_metadata={"description": "of a life"})
metadata = kv.read_secret_metadata("life/db")["data"]
assert metadata["current_version"] == 3 and metadata["custom_metadata"] == {"description": "of a life"}

own = client.auth.token.lookup_self()["data"]
login = client.auth.approle.login(role_id=own["accessor"], secret_id=os.environ["VAULT_TOKEN"])
assert login["auth"]["client_token"] == os.environ["VAULT_TOKEN"]

kv.delete_metadata_and_all_versions("life/db")
assert refused(hvac.exceptions.InvalidPath, lambda: read("life/db"))
print("hvac went well")
