namespace Broadcast.Control;

/// <summary>What a token is for, beside its role: some channels, some parts of the API. Either may be <see langword="null"/>, which is no limit.</summary>
/// <param name="Channels">Names of the only channels whose addresses (<c>/api/v1/channels/NAME…</c>) it opens.</param>
/// <param name="Scopes">The only scopes it has (<see cref="Control.Scopes.Names"/>).</param>
public sealed record TokenLimits(IReadOnlyList<string>? Channels = null, IReadOnlyList<string>? Scopes = null);

/// <summary>
/// The parts of the API by name: <c>AREA:read</c> for what only reads (GET), <c>AREA:write</c> for all of it. An endpoint's area stands in its address. Tokens and people are in no scope: who could make a token without
/// limits would have none.
/// </summary>
public static class Scopes
{
    private const string Root = "/api/v1/";
    private static readonly string[] Areas = ["channels", "keys", "viewers", "recordings", "events", "webhooks", "encoders", "storage", "audit"];

    // What tells of the token itself and of the API; it asks for no scope and is of no channel.
    private static readonly string[] ForAll = ["me", "system", "openapi.json", "logout"];

    /// <summary>All that a token can be given.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Areas.SelectMany(a => (string[])[$"{a}:read", $"{a}:write"])];

    /// <summary>What is wrong with a new token's limits.</summary>
    internal static IEnumerable<Mistake> Mistakes(TokenLimits limits)
    {
        if (limits.Channels is { } channels && channels.Count is 0 or > 100)
        {
            yield return new("channels", "A token is for 1 to 100 channels, or without 'channels' for all.");
        }

        if (limits.Scopes is { } scopes && (scopes.Count is 0 or > 50 || scopes.Any(s => !Names.Contains(s, StringComparer.Ordinal))))
        {
            yield return new("scopes", $"Scopes are {string.Join(", ", Names)}; without 'scopes' a token may do all that its role may.");
        }
    }

    /// <summary>Which scope an endpoint asks for.</summary>
    /// <param name="method">GET and such.</param>
    /// <param name="pattern">Its address, such as <c>/api/v1/channels/{name}/keys</c>.</param>
    /// <returns><see langword="null"/> when it asks for none.</returns>
    internal static string? Of(string method, string pattern)
    {
        var parts = Parts(pattern);
        if (ForAll.Contains(parts[0], StringComparer.Ordinal))
        {
            return null;
        }

        var area = parts is ["channels", _, var below, ..] ? below switch
        {
            "keys" => "keys",
            "viewer-tokens" or "viewer-keys" => "viewers",
            "recordings" or "clips" => "recordings",
            _ => "channels",
        }
        : parts[0] is "events.ics" or "calendar-feeds" ? "events" : parts[0] == "stream" ? "channels" : parts[0];
        return method == "GET" ? $"{area}:read" : $"{area}:write";
    }

    /// <summary>Why a token's limits keep it from an endpoint; <see langword="null"/> when they do not.</summary>
    /// <param name="limits">The limits.</param>
    /// <param name="method">GET and such.</param>
    /// <param name="pattern">The endpoint's address.</param>
    /// <param name="channel">The channel in the address that was asked for, where there is one.</param>
    internal static string? Refusal(TokenLimits limits, string method, string pattern, string? channel)
    {
        if (Of(method, pattern) is not { } scope)
        {
            return null;
        }

        if (limits.Scopes is { } scopes && !scopes.Contains(scope, StringComparer.Ordinal) && !(method == "GET" && scopes.Contains(scope.Replace(":read", ":write", StringComparison.Ordinal), StringComparer.Ordinal)))
        {
            return Names.Contains(scope, StringComparer.Ordinal) ? $"This needs the scope {scope}, which the token has not." : "A token with scopes does not do this.";
        }

        return limits.Channels is not { } channels ? null : Parts(pattern) is ["channels", _, ..] && channel is not null && channels.Contains(channel, StringComparer.Ordinal) ? null
            : "The token is for some channels only, and opens nothing but their addresses (/api/v1/channels/NAME…).";
    }

    private static string[] Parts(string pattern)
    {
        var path = pattern.StartsWith('/') ? pattern : "/" + pattern;
        return (path.StartsWith(Root, StringComparison.Ordinal) ? path[Root.Length..] : path[1..]).TrimEnd('/').Split('/');
    }
}
