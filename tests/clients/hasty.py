"""A gate whose signs of life come so fast that a caller gets as many in two seconds as in ten minutes elsewhere."""

from __future__ import annotations

import sys

from vienna_proxy.__main__ import main
from vienna_proxy.judge import hold

if __name__ == "__main__":
    hold.BEAT_SECONDS /= 300
    sys.exit(main())
