"""The embedded default: its data set, frozen encoders, training stages and benchmark."""
