using Broadcast.Chat;
using Broadcast.Cluster;
using Broadcast.Control;
using Broadcast.Ingest;
using Broadcast.Media;
using Broadcast.Origin;
using Broadcast.Packager;
using Broadcast.Storage;
using Broadcast.Targets;
using Broadcast.Transcoder;

namespace Broadcast.Host.Roles;

/// <summary>
/// A module in a process. Every process has all modules, because they use each other's services. The roles decide which background work,
/// listeners and endpoints a process has. Modules are listed downstream first, so that a stage starts after those it feeds, and a service
/// before its clients.
/// </summary>
/// <param name="Name">Name of the module.</param>
/// <param name="Add">Registers the module's services.</param>
internal sealed record Module(string Name, Action<IServiceCollection, IConfiguration, ServerRoles> Add)
{
    /// <summary>Decides whether a process with some roles does the module's background work.</summary>
    public Func<ServerRoles, bool> Works { get; init; } = _ => true;

    /// <summary>Adds the module's HTTP endpoints for viewers and API, if the roles include them.</summary>
    public Action<IEndpointRouteBuilder, ServerRoles> Map { get; init; } = (_, _) => { };

    /// <summary>All modules.</summary>
    public static IReadOnlyList<Module> All { get; } =
    [
        new("storage", (s, c, _) => s.AddStorage(c).AddCluster(c)),
        new("origin", (s, c, _) => s.AddOrigin(c)) { Map = (e, r) => MapIf(r.Origin, () => e.MapOrigin()) },
        new("packager", (s, c, _) => s.AddPackager(c)),
        new("targets", (s, _, _) => s.AddTargets()) { Works = roles => roles.Media },
        new("transcoder", (s, c, _) => s.AddTranscoder(c)) { Works = roles => roles.Media },
        new("chat", (s, c, _) => s.AddChat(c)) { Works = roles => roles.Origin },
        new("control", (s, c, r) => s.AddControl(c, r)) { Map = (e, r) => MapIf(r.Control, () => e.MapControl()) },
        new("ingest", (s, c, _) => s.AddIngest(c)),
    ];

    /// <summary>Registers the services of all modules, with the background work of some roles.</summary>
    public static void AddAll(IServiceCollection services, IConfiguration configuration, ServerRoles roles)
    {
        foreach (var module in All)
        {
            var earlier = services.Count;
            module.Add(services, configuration, roles);
            for (var i = services.Count - 1; i >= earlier && !module.Works(roles); i--)
            {
                if (services[i].ServiceType == typeof(IHostedService))
                {
                    services.RemoveAt(i);
                }
            }
        }
    }

    private static void MapIf(bool condition, Action map)
    {
        if (condition)
        {
            map();
        }
    }
}
