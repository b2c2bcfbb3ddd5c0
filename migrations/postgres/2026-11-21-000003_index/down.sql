DROP TABLE contacts;
DROP TABLE store_technologies;
DROP TABLE stores;
