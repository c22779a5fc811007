"""Sends what it is told, all of it before it reads, and says the status of each answer."""
import http.client
import json
import sys
from urllib.parse import urlparse

statuses = []
for one in json.load(sys.stdin):
    url = urlparse(one['url'])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    body = b'x' * one['size']
    try:
        if one['isChunked']:
            pieces = (body[at:at + 65536] for at in range(0, len(body), 65536))
            connection.request(one['method'], url.path, pieces, one['headers'], encode_chunked=True)
        else:
            connection.request(one['method'], url.path, body, one['headers'])
        answer = connection.getresponse()
        statuses.append([answer.status, len(answer.read()) > 0])
    except OSError as error:
        statuses.append([repr(error), False])
    connection.close()
json.dump(statuses, sys.stdout)
