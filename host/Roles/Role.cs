using Broadcast.Cluster;
using Broadcast.Control;
using Broadcast.Ingest;
using Broadcast.Origin;
using Broadcast.Packager;
using Broadcast.Storage;
using Broadcast.Transcoder;

namespace Broadcast.Host.Roles;

/// <summary>
/// A role of a process. Roles are listed downstream first, so that a stage starts after those it feeds, and a service before its clients.
/// </summary>
/// <param name="Name">Name in <c>--roles</c>.</param>
/// <param name="Add">Registers the role's services.</param>
/// <param name="Map">Adds the role's HTTP endpoints for viewers and API.</param>
internal sealed record Role(string Name, Action<IServiceCollection, IConfiguration> Add, Action<IEndpointRouteBuilder> Map)
{
    /// <summary>All roles.</summary>
    public static IReadOnlyList<Role> All { get; } =
    [
        new("storage", (s, c) => s.AddStorage(c).AddCluster(c), _ => { }),
        new("origin", (s, c) => s.AddOrigin(c), e => e.MapOrigin()),
        new("packager", (s, c) => s.AddPackager(c), _ => { }),
        new("transcoder", (s, c) => s.AddTranscoder(c), _ => { }),
        new("control", (s, c) => s.AddControl(c), e => e.MapControl()),
        new("ingest", (s, c) => s.AddIngest(c), _ => { }),
    ];

    /// <summary>Selects the roles of a list; all of them for <see langword="null"/>, empty or <c>all</c>.</summary>
    /// <exception cref="StartException">A name is unknown, or omitted roles are required and cannot run in another process yet.</exception>
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
            throw new StartException(
                $"Unknown role {string.Join(", ", unknown)} in --roles. Valid roles: {string.Join(", ", All.Select(r => r.Name))}, all.");
        }

        var missing = All.Where(r => !names.Contains(r.Name, StringComparer.Ordinal)).Select(r => r.Name).ToList();
        return missing.Count == 0
            ? All
            : throw new StartException(
                $"This version runs all roles in one process; {string.Join(", ", missing)} cannot be omitted yet. Omit --roles, or list "
                + "all of them.");
    }
}
