namespace Broadcast.Media;

/// <summary>Roles of a server process: the part of a cluster's work that it does. Compared by value.</summary>
public sealed record ServerRoles
{
    private const string AllName = "all";
    private const string OriginName = "origin";
    private const string IngestName = "ingest";
    private const string ControlName = "control";
    private const string MediaName = "media";

    private ServerRoles(IReadOnlyCollection<string> names) =>
        (Control, Ingest, Media, Origin) = (names.Contains(ControlName), names.Contains(IngestName), names.Contains(MediaName),
            names.Contains(OriginName));

    /// <summary>Names of the roles, in alphabetical order.</summary>
    public static IReadOnlyList<string> Known { get; } = [ControlName, IngestName, MediaName, OriginName];

    /// <summary>All roles, the default.</summary>
    public static ServerRoles All { get; } = new(Known);

    /// <summary>Indicates the role <c>control</c>: API, dashboard and pages, schedule, retention and webhooks.</summary>
    public bool Control { get; }

    /// <summary>Indicates the role <c>ingest</c>: listeners for encoders.</summary>
    public bool Ingest { get; }

    /// <summary>Indicates the role <c>media</c>: owner of sessions, with transcoder, packager and upload.</summary>
    public bool Media { get; }

    /// <summary>Indicates the role <c>origin</c>: playlists and media for viewers.</summary>
    public bool Origin { get; }

    /// <summary>Names of the roles of this process, in alphabetical order.</summary>
    public IReadOnlyList<string> Names => [.. Known.Where(Has)];

    /// <summary>Indicates whether the process has all roles.</summary>
    public bool IsAll => this == All;

    /// <summary>Reads roles.</summary>
    /// <param name="list">Names separated by commas or spaces; <c>all</c>, empty or <see langword="null"/> for all roles.</param>
    /// <param name="unknown">Names that are no roles.</param>
    public static ServerRoles Parse(string? list, out IReadOnlyList<string> unknown)
    {
        var names = (list ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        unknown = [.. names.Where(name => name != AllName && !Known.Contains(name)).Distinct(StringComparer.Ordinal)];
        return names.Length == 0 || names.Contains(AllName) ? All : new(names);
    }

    /// <summary>Returns the names, separated by commas, or <c>all</c>.</summary>
    public override string ToString() => IsAll ? AllName : string.Join(',', Names);

    private bool Has(string name) => name switch
    {
        ControlName => Control,
        IngestName => Ingest,
        MediaName => Media,
        _ => Origin,
    };
}
