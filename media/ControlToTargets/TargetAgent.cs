using System.Text.RegularExpressions;

namespace Broadcast.Media.ControlToTargets;

/// <summary>
/// Name with which a target's connection introduces itself (<c>flashVer</c>). It contains the published session, so that a server detects
/// a target that leads back to its own channel. Other servers ignore it.
/// </summary>
public static partial class TargetAgent
{
    private const string Prefix = "FMLE/3.0 (compatible; Broadcast; ";

    /// <summary>Formats the name for a session.</summary>
    public static string Format(SessionId session) => $"{Prefix}{session.Value})";

    /// <summary>Finds the session that an encoder publishes; <see langword="null"/> when the encoder is no target of a Broadcast.</summary>
    public static SessionId? FindSession(string encoder) =>
        Pattern().Match(encoder) is { Success: true } match && SessionId.TryParse(match.Groups["session"].Value, out var session)
            ? session : null;

    [GeneratedRegex(@"^FMLE/3\.0 \(compatible; Broadcast; (?<session>[0-9A-Z]{26})\)",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();
}
