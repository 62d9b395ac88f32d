"""What people write in Python: numpy, requests with a session. `python naive.py URL FILE BATCH`"""
import sys

import numpy
import requests

url, file, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
values = numpy.load(file)
with requests.Session() as session:
    session.headers["x-api-key"] = "sandbox-bulk"
    for first in range(0, len(values), batch):
        rows = values[first : first + batch]
        features = [{"index": first + i, "vector": row.tolist()} for i, row in enumerate(rows)]
        body = {"modelId": "bench", "source": "1-bench", "features": features}
        session.post(f"{url}/api/feature/upload-batch", json=body).raise_for_status()
