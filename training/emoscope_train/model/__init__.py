"""The networks: backbones, pooling, and the heads on them."""
