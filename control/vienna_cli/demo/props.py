"""Names of the story that its tellers and the toy API share."""

HOST = "payments.example"
ORDER = "ORD-12345"
TWISTED_ORDER = "ORD-66666"
TWISTED_AMOUNT = 9999
LOG_FILE = "reached.jsonl"
CA_FILE = "toy-ca.pem"
