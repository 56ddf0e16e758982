-- Pages of the feed are fetched ahead in memory and promoted with their cursor; none is ever kept on the disk.

DROP TABLE sync_stage;
