using Broadcast.Database;
namespace Broadcast.Control.Identity;

/// <summary>Restrictions of a token beside its role: channels and scopes. <see langword="null"/> means unrestricted.</summary>
/// <param name="Channels">Names of the only channels whose URLs (<c>/api/v1/channels/NAME…</c>) it can access.</param>
/// <param name="Scopes">Only scopes of the token (<see cref="Broadcast.Control.Identity.Scopes.Names"/>).</param>
public sealed record TokenLimits(IReadOnlyList<string>? Channels = null, IReadOnlyList<string>? Scopes = null);

/// <summary>
/// Scopes of the API: <c>AREA:read</c> for GET requests, <c>AREA:write</c> for all requests. The area derives from the endpoint's path.
/// Managing tokens and users is in no scope, because it would allow creating an unrestricted token.
/// </summary>
public static class Scopes
{
    private const string Root = "/api/v1/";
    private static readonly string[] Areas = ["channels", "keys", "viewers", "recordings", "events", "webhooks", "encoders",
        "storage", "audit", "servers", "targets", "chat"];

    // Information about the token itself and the API; requires no scope and belongs to no channel.
    private static readonly string[] Unrestricted = ["me", "system", "openapi.json", "logout"];

    /// <summary>All scopes that a token can have.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Areas.SelectMany(a => (string[])[$"{a}:read", $"{a}:write"])];

    /// <summary>Validates the restrictions of a new token.</summary>
    internal static IEnumerable<ValidationError> Validate(TokenLimits limits)
    {
        if (limits.Channels is { } channels && channels.Count is 0 or > 100)
        {
            yield return new("channels", "A token can be restricted to 1 to 100 channels; omit 'channels' for all.");
        }

        if (limits.Scopes is { } scopes && (scopes.Count is 0 or > 50 || scopes.Any(s => !Names.Contains(s, StringComparer.Ordinal))))
        {
            yield return new("scopes", $"Valid scopes are {string.Join(", ", Names)}; omit 'scopes' for everything that the role allows.");
        }
    }

    /// <summary>Gets the scope that an endpoint requires.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="pattern">Path of the endpoint, such as <c>/api/v1/channels/{name}/keys</c>.</param>
    /// <returns>The scope; <see langword="null"/> when it requires none.</returns>
    internal static string? Of(string method, string pattern)
    {
        var parts = Parts(pattern);
        if (Unrestricted.Contains(parts[0], StringComparer.Ordinal))
        {
            return null;
        }

        var area = parts is ["channels", _, var resource, ..] ? resource switch
        {
            "keys" => "keys",
            "targets" => "targets",
            "chat" => "chat",
            "viewer-tokens" or "viewer-keys" => "viewers",
            "recordings" or "clips" => "recordings",
            _ => "channels",
        }
        : parts[0] is "events.ics" or "calendar-feeds" ? "events" : parts[0] == "stream" ? "channels"
        : parts[0] == "target-presets" ? "targets" : parts[0];
        return method == "GET" ? $"{area}:read" : $"{area}:write";
    }

    /// <summary>Gets the reason why a token's restrictions deny an endpoint; <see langword="null"/> when they do not.</summary>
    /// <param name="limits">Restrictions of the token.</param>
    /// <param name="method">HTTP method.</param>
    /// <param name="pattern">Path of the endpoint.</param>
    /// <param name="channel">Channel in the requested path, if any.</param>
    internal static string? DenialReason(TokenLimits limits, string method, string pattern, string? channel)
    {
        if (Of(method, pattern) is not { } scope)
        {
            return null;
        }

        if (limits.Scopes is { } scopes && !scopes.Contains(scope, StringComparer.Ordinal)
            && !(method == "GET" && scopes.Contains(scope.Replace(":read", ":write", StringComparison.Ordinal), StringComparer.Ordinal)))
        {
            return Names.Contains(scope, StringComparer.Ordinal) ? $"Scope {scope} is required; the token does not have it."
                : "This request is not available to tokens with scopes.";
        }

        return limits.Channels is not { } channels ? null : Parts(pattern) is ["channels", _, ..] && channel is not null
            && channels.Contains(channel, StringComparer.Ordinal) ? null
            : "The token is restricted to certain channels and can access only their URLs (/api/v1/channels/NAME…).";
    }

    private static string[] Parts(string pattern)
    {
        var path = pattern.StartsWith('/') ? pattern : "/" + pattern;
        return (path.StartsWith(Root, StringComparison.Ordinal) ? path[Root.Length..] : path[1..]).TrimEnd('/').Split('/');
    }
}
