granary-sql (0.1.0-1) unstable; urgency=medium

  * First package. What is in it stands in CHANGELOG.md.

 -- Granary authors <granary@example.org>  Wed, 25 Nov 2026 12:00:00 +0000
