-- Drop the connection that setup has made, and its service account with it. Grain: one connection.
-- Roles that were granted to the account stay in the project's policy, as those of an account that is no more.
DROP CONNECTION IF EXISTS `{{ collection.connection_name }}`
