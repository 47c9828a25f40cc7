-- List the bucket. Grain: one image. Every other statement reads this listing, not the bucket.
{% include 'embed/parts/renew_lease.sql' %}
{% include 'embed/parts/list_bucket.sql' %}
