namespace Broadcast.Database;

/// <summary>Options of the control database, section <c>Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Database";

    /// <summary>
    /// Npgsql connection string (<c>Host=db;Database=broadcast;Username=broadcast;Password=…</c>) of PostgreSQL 13 or newer. Not set: an
    /// embedded server in the data folder, which needs only PostgreSQL's programs.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// Timeout of one statement. Statements take milliseconds; the timeout detects a hanging server. Default 5 s, 1 s to 5 min.
    /// </summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Timeout of one statement that reads everything of a kind again, at start and after an outage: all access policies, for example. With
    /// many channels and revoked tokens on a busy database it takes much longer than other statements. Default 1 min, 1 s to 30 min.
    /// </summary>
    public TimeSpan ReloadTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Indicates whether a server is configured; an empty string, as from an empty environment variable, means none.</summary>
    public bool HasServer => !string.IsNullOrWhiteSpace(ConnectionString);

    /// <summary>Validates the options and returns one message per error.</summary>
    public IEnumerable<string> Validate()
    {
        if (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > TimeSpan.FromMinutes(5))
        {
            yield return $"{Section}:{nameof(CommandTimeout)} must be between 00:00:01 and 00:05:00.";
        }

        if (ReloadTimeout < TimeSpan.FromSeconds(1) || ReloadTimeout > TimeSpan.FromMinutes(30))
        {
            yield return $"{Section}:{nameof(ReloadTimeout)} must be between 00:00:01 and 00:30:00.";
        }

        if (HasServer && ReadConnectionString(ConnectionString!) is { } problem)
        {
            yield return $"{Section}:{nameof(ConnectionString)} {problem}";
        }
    }

    // The exception message can quote the string, so it is not passed on.
    private static string? ReadConnectionString(string text)
    {
        try
        {
            return string.IsNullOrEmpty(new Npgsql.NpgsqlConnectionStringBuilder(text).Host) ? "names no Host." : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return "is not a connection string (Host=…;Database=…;Username=…;Password=…).";
        }
    }
}
