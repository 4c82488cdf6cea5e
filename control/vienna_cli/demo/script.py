"""An ordinary agent's script: it knows nothing of proxies, warrants or people.

``python script.py METHOD URL [JSON]`` prints the answer as one line of JSON.
"""

import json
import sys
import time

try:
    import requests as http  # type: ignore[import-untyped,unused-ignore]
except ImportError:
    import httpx as http  # type: ignore[no-redef]

method, url, *body = sys.argv[1:]
begun = time.monotonic()
answer = http.request(method, url, json=json.loads(body[0]) if body else None, timeout=120)
seconds = time.monotonic() - begun
told = {
    "status": answer.status_code,
    "headers": dict(answer.headers),
    "body": answer.text,
    "seconds": seconds,
}
print(json.dumps(told))
