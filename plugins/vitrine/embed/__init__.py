"""embed_images: plan, embed, settle, repair, report."""
