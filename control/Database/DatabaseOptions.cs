namespace Broadcast.Control;

/// <summary>Where the control room's database is. Section <c>Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Database";

    /// <summary>
    /// An Npgsql connection string (<c>Host=db;Database=broadcast;Username=broadcast;Password=…</c>) of PostgreSQL 13 or newer. When not set, a private server is kept in the data
    /// folder: nothing to install or configure beyond PostgreSQL's programs.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>Longest that one statement may take. Ours take milliseconds; the limit is there so that a hanging server is noticed. Default 5 s, 1 s to 5 min.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether a server is configured; an empty string is none, as an empty environment variable sets.</summary>
    internal bool HasServer => !string.IsNullOrWhiteSpace(ConnectionString);

    /// <summary>Lists what is wrong.</summary>
    internal IEnumerable<string> Mistakes()
    {
        if (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > TimeSpan.FromMinutes(5))
        {
            yield return $"{Section}:{nameof(CommandTimeout)} must be between 00:00:01 and 00:05:00.";
        }

        if (HasServer && ReadConnectionString(ConnectionString!) is { } problem)
        {
            yield return $"{Section}:{nameof(ConnectionString)} {problem}";
        }
    }

    // The exception's own words may quote a part of the string, so they are not passed on.
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
