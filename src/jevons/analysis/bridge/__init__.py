"""Why a cost changed: exact additive effects of the factors that it is the product of."""
