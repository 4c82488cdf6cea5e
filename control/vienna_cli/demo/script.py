"""An ordinary agent's script: it knows nothing of proxies, warrants or people.

``python script.py METHOD URL [JSON [NAME=VALUE]]`` prints the answer as one line of JSON; NAME is a header's.
"""

import json
import sys
import time

try:
    import requests as http  # type: ignore[import-untyped,unused-ignore]
except ImportError:
    import httpx as http  # type: ignore[no-redef]

method, url, *rest = sys.argv[1:]
body = json.loads(rest[0]) if rest else None
headers = dict([rest[1].split("=", 1)]) if rest[1:] else {}
begun = time.monotonic()
answer = http.request(method, url, json=body, headers=headers, timeout=120)
seconds = time.monotonic() - begun
told = {
    "status": answer.status_code,
    "headers": dict(answer.headers),
    "body": answer.text,
    "seconds": seconds,
}
print(json.dumps(told))
