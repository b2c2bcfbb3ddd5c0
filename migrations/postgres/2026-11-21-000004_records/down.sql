DROP TABLE audit;
DROP TABLE activity;
DROP TABLE usage_windows;
