lint:
	ruff check . && ruff format --check .
