# A life of secrets by a client that openapi-python-client made of /openapi.json: it pages, and it locks.
import datetime
import os

from strongroom_client import AuthenticatedClient
from strongroom_client.api.secrets import create_secret, get_secret, list_secrets, update_secret
from strongroom_client.models import NewSecret, NewValue, Problem

client = AuthenticatedClient(base_url=os.environ["BASE_URL"], token=os.environ["API_KEY"])


def expect(holds, what):
    if not holds:
        raise SystemExit(f"failed: {what}")


for name in "abcde":
    made = create_secret.sync_detailed(client=client, body=NewSecret(name=name, value=f"of {name}"))
    expect(made.status_code == 201 and made.parsed.name == name, f"create {name}")

found = []
query = {"limit": 2}
while True:
    page = list_secrets.sync_detailed(client=client, **query)
    expect(page.status_code == 200 and len(page.parsed.secrets) <= 2, "a page")
    found += page.parsed.secrets
    if "strongroom-next-cursor" not in page.headers:
        break
    query["cursor"] = page.headers["strongroom-next-cursor"]
expect("".join(one.name for one in found) == "abcde", "every page")

first = found[0].id
read = get_secret.sync_detailed(first, client=client)
expect(read.parsed.value == "of a", "the value")
expect(isinstance(read.parsed.created_at, datetime.datetime), "a time as such")
lock = {"body": NewValue(value="new"), "if_match": read.headers["etag"]}
expect(update_secret.sync_detailed(first, client=client, **lock).status_code == 200, "an update of what was read")
late = update_secret.sync_detailed(first, client=client, **lock)
expect(late.status_code == 412, "one of a version that is old")
expect(isinstance(late.parsed, Problem) and late.parsed.code == "stale_version", "the problem")

soon = datetime.datetime.now(datetime.timezone.utc)
none = list_secrets.sync_detailed(client=client, expires_before=soon)
expect(none.status_code == 200 and none.parsed.secrets == [], f"a time that Python writes: {none.content}")
print("It went well.")
