using System.Diagnostics.CodeAnalysis;
using Broadcast.Media;
using Broadcast.Origin.Recordings;

namespace Broadcast.Origin.Viewing;

/// <summary>An address under which something of a channel is: <c>/live/{channel}/…</c> or <c>/vod/{recording}/…</c>, or the same behind <c>/t/{token}</c>.</summary>
/// <param name="Token">What stands behind <c>/t/</c>; <see langword="null"/> where that is not there.</param>
/// <param name="Rest">From <c>/live/</c> or <c>/vod/</c> on.</param>
/// <param name="Channel">The channel; nothing where <see cref="Recording"/> is named.</param>
internal readonly record struct GuardedPath(string? Token, string Rest, ChannelName Channel)
{
    /// <summary>The recording, of whose channel it is to be found out; <see langword="null"/> where a channel is named.</summary>
    public RecordingId? Recording { get; init; }

    /// <summary>The session of the channel that is named; <see langword="null"/> for the channel's own addresses, and where a recording is named.</summary>
    public SessionId? Session { get; init; }

    /// <summary>Longest token looked at, in characters. Ours are shorter (<see cref="ViewerToken.MaxLength"/>); those that only a webhook knows may have this.</summary>
    public const int MaxToken = 512;

    private const string Prefix = "/t/";
    private const string Live = "/live/";

    /// <summary>Takes a decoded path apart; <see langword="false"/> when it names no channel's things.</summary>
    public static bool TryParse([NotNullWhen(true)] string? path, out GuardedPath result)
    {
        result = default;
        if (path is null)
        {
            return false;
        }

        string? token = null;
        var rest = path;
        if (path.StartsWith(Prefix, StringComparison.Ordinal))
        {
            var end = path.IndexOf('/', Prefix.Length);
            if (end <= Prefix.Length || end - Prefix.Length > MaxToken)
            {
                return false;
            }

            token = path[Prefix.Length..end];
            rest = path[end..];
        }

        if (rest.StartsWith(ReplayPath.Root, StringComparison.Ordinal))
        {
            var end = rest.IndexOf('/', ReplayPath.Root.Length);
            if (end < 0 || !RecordingId.TryParse(rest[ReplayPath.Root.Length..end], out var recording))
            {
                return false;
            }

            result = new(token, rest, default) { Recording = recording };
            return true;
        }

        if (!rest.StartsWith(Live, StringComparison.Ordinal))
        {
            return false;
        }

        var slash = rest.IndexOf('/', Live.Length);
        if (slash < 0 || !ChannelName.TryParse(rest[Live.Length..slash], out var channel))
        {
            return false;
        }

        var next = rest.IndexOf('/', slash + 1);
        result = new(token, rest, channel) { Session = next > 0 && SessionId.TryParse(rest[(slash + 1)..next], out var session) ? session : null };
        return true;
    }

    /// <summary>Without the token.</summary>
    public override string ToString() => Rest;
}
