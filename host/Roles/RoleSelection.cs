using Broadcast.Cluster;
using Broadcast.Host.Listening;
using Broadcast.Media;
using Broadcast.Storage;

namespace Broadcast.Host.Roles;

/// <summary>Selection of roles by <c>--roles</c>, and what some of the roles alone require.</summary>
internal static class RoleSelection
{
    private static readonly IReadOnlyDictionary<string, string> Parts = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["storage"] = "media", ["packager"] = "media", ["transcoder"] = "media",
    };

    /// <summary>Reads the roles of a list.</summary>
    /// <exception cref="StartException">A name is unknown.</exception>
    public static ServerRoles Select(string? list)
    {
        var roles = ServerRoles.Parse(list, out var unknown);
        if (unknown.Count == 0)
        {
            return roles;
        }

        var hints = unknown.Where(Parts.ContainsKey).Select(name => $" {name} is part of role {Parts[name]}.");
        throw new StartException(
            $"Unknown role {string.Join(", ", unknown)} in --roles. Valid roles: {string.Join(", ", ServerRoles.Known)}, all."
            + string.Concat(hints));
    }

    /// <summary>Checks that a process can run its roles: fewer than all need the other servers.</summary>
    /// <param name="roles">The roles.</param>
    /// <param name="configuration">The options.</param>
    /// <param name="listeners">Names of listeners that the command line sets, such as <c>Rtmp</c>.</param>
    /// <exception cref="StartException">An option is missing, or makes no sense with these roles.</exception>
    public static void Check(ServerRoles roles, IConfiguration configuration, IReadOnlyCollection<string> listeners)
    {
        if (roles.IsAll)
        {
            return;
        }

        if (!ClusterModule.IsEnabled(configuration))
        {
            throw new StartException(
                $"--roles {roles} needs a PostgreSQL database that all servers share: set Database:ConnectionString "
                + "(BROADCAST__Database__ConnectionString). A server with a database of its own runs all roles: omit --roles.");
        }

        if (roles is { Media: false, Origin: false, Control: false })
        {
            Refuse(roles, listeners, "ingest has no HTTP listener.", "Http", "Https");
            return;
        }

        if (string.IsNullOrWhiteSpace(configuration[$"{StorageOptions.Section}:{nameof(StorageOptions.Bucket)}"]))
        {
            throw new StartException(
                $"--roles {roles} needs a bucket that all servers share: set Storage:Bucket (BROADCAST__Storage__Bucket). Media on the "
                + "disk of one server cannot be read by the others.");
        }

        if (!roles.Ingest)
        {
            Refuse(roles, listeners, "Only role ingest listens for encoders.", "Rtmp", "Rtmps");
        }

        if (!HasPublicHttp(roles))
        {
            Refuse(roles, listeners, "Only the roles origin and control listen for viewers, API and dashboard.", "Http", "Https");
        }
    }

    /// <summary>Returns whether a process with some roles listens for HTTP and HTTPS.</summary>
    public static bool HasPublicHttp(ServerRoles roles) => roles.Origin || roles.Control;

    private static void Refuse(ServerRoles roles, IReadOnlyCollection<string> listeners, string reason, params string[] names)
    {
        if (names.FirstOrDefault(listeners.Contains) is { } name)
        {
            throw new StartException($"--{name.ToLowerInvariant()} makes no sense with --roles {roles}: {reason} Omit it.");
        }
    }
}
