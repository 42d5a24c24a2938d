using System.Text.RegularExpressions;

namespace Broadcast.Media.ControlToTargets;

/// <summary>
/// Name with which a target's connection introduces itself (<c>flashVer</c>). It contains the published session and those from which its
/// media come, so that a server detects a target that leads back to one of their channels. Other servers ignore it.
/// </summary>
public static partial class TargetAgent
{
    /// <summary>Maximum number of sessions in a name. Media that have passed through more are not published further.</summary>
    public const int MaxSessions = 8;

    private const string Prefix = "FMLE/3.0 (compatible; Broadcast; ";

    /// <summary>Formats the name for a session.</summary>
    /// <param name="session">The published session.</param>
    /// <param name="upstream">Sessions from which its media come; those beyond <see cref="MaxSessions"/> are omitted.</param>
    public static string Format(SessionId session, IReadOnlyList<SessionId>? upstream = null) =>
        WithUpstream($"{Prefix}{session.Value})", upstream ?? []);

    /// <summary>Adds sessions to a name without any but the published one.</summary>
    /// <param name="agent">Name from <see cref="Format"/>.</param>
    /// <param name="upstream">Sessions from which the media come; those beyond <see cref="MaxSessions"/> are omitted.</param>
    public static string WithUpstream(string agent, IReadOnlyList<SessionId> upstream) =>
        upstream.Count == 0 ? agent : $"{agent} via {string.Join(' ', upstream.Take(MaxSessions - 1))}";

    /// <summary>
    /// Finds the sessions from which the media of an encoder come, the published one first; empty when the encoder is no target of a
    /// Broadcast.
    /// </summary>
    public static IReadOnlyList<SessionId> FindSessions(string encoder)
    {
        var match = Pattern().Match(encoder);
        var sessions = new List<SessionId>();
        foreach (var text in $"{match.Groups["session"]} {match.Groups["upstream"]}".Split(' ').Take(MaxSessions))
        {
            if (SessionId.TryParse(text, out var session))
            {
                sessions.Add(session);
            }
        }

        return sessions;
    }

    [GeneratedRegex(@"^FMLE/3\.0 \(compatible; Broadcast; (?<session>[0-9A-Z]{26})\)( via (?<upstream>[0-9A-Z ]+))?",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
