"""embed_images: plan, embed, publish, repair, report."""
