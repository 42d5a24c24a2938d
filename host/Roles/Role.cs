using Broadcast.Control;
using Broadcast.Ingest;
using Broadcast.Origin;
using Broadcast.Packager;
using Broadcast.Storage;
using Broadcast.Transcoder;

namespace Broadcast.Host.Roles;

/// <summary>One thing that a process can do. Rows stand downstream first, so that nobody is fed before it can eat, and who is asked before who asks.</summary>
/// <param name="Name">As <c>--roles</c> names it.</param>
/// <param name="Add">Registers what it is made of.</param>
/// <param name="Map">Adds its HTTP endpoints for viewers and API.</param>
internal sealed record Role(string Name, Action<IServiceCollection, IConfiguration> Add, Action<IEndpointRouteBuilder> Map)
{
    /// <summary>All there are.</summary>
    public static IReadOnlyList<Role> All { get; } =
    [
        new("storage", (s, c) => s.AddStorage(c), _ => { }),
        new("origin", (s, c) => s.AddOrigin(c), e => e.MapOrigin()),
        new("packager", (s, c) => s.AddPackager(c), _ => { }),
        new("transcoder", (s, c) => s.AddTranscoder(c), _ => { }),
        new("control", (s, c) => s.AddControl(c), e => e.MapControl()),
        new("ingest", (s, c) => s.AddIngest(c), _ => { }),
    ];

    /// <summary>The rows that a list names; all of them for <see langword="null"/>, empty or <c>all</c>.</summary>
    /// <exception cref="StartException">A name is unknown, or the roles left out are needed by those named and cannot be elsewhere yet.</exception>
    public static IReadOnlyList<Role> Select(string? list)
    {
        var names = (list ?? "all").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names.Length == 0 || names.Contains("all", StringComparer.Ordinal))
        {
            return All;
        }

        var unknown = names.Where(n => All.All(r => r.Name != n)).ToList();
        if (unknown.Count > 0)
        {
            throw new StartException($"Unknown role {string.Join(", ", unknown)} in --roles. There are: {string.Join(", ", All.Select(r => r.Name))}, all.");
        }

        var missing = All.Where(r => !names.Contains(r.Name, StringComparer.Ordinal)).Select(r => r.Name).ToList();
        return missing.Count == 0
            ? All
            : throw new StartException(
                $"This version runs all roles in one process; {string.Join(", ", missing)} cannot be left out yet. Leave --roles away, or name all of them.");
    }
}
