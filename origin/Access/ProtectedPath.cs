using System.Diagnostics.CodeAnalysis;
using Broadcast.Media;
using Broadcast.Media.Recordings;
using Broadcast.Media.Viewers;
using Broadcast.Origin.Vod;

namespace Broadcast.Origin.Access;

/// <summary>
/// A URL path of a channel's resource: <c>/live/{channel}/…</c> or <c>/vod/{recording}/…</c>, optionally after <c>/t/{token}</c>.
/// </summary>
/// <param name="Token">The token after <c>/t/</c>; <see langword="null"/> where there is none.</param>
/// <param name="Rest">The path from <c>/live/</c> or <c>/vod/</c> on.</param>
/// <param name="Channel">The channel; unset where <see cref="Recording"/> is set.</param>
internal readonly record struct ProtectedPath(string? Token, string Rest, ChannelName Channel)
{
    /// <summary>The recording, whose channel must be looked up; <see langword="null"/> in paths with a channel.</summary>
    public RecordingId? Recording { get; init; }

    /// <summary>The session in the path; <see langword="null"/> for the channel's own URLs and for recordings.</summary>
    public SessionId? Session { get; init; }

    /// <summary>
    /// Maximum token length, in characters. The server's own tokens are shorter (<see cref="ViewerToken.MaxLength"/>); tokens for auth
    /// callbacks may use all of it.
    /// </summary>
    public const int MaxToken = 512;

    private const string Prefix = "/t/";
    private const string Live = "/live/";

    /// <summary>Parses a decoded path; <see langword="false"/> when it belongs to no channel.</summary>
    public static bool TryParse([NotNullWhen(true)] string? path, out ProtectedPath result)
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

        if (rest.StartsWith(VodPath.Root, StringComparison.Ordinal))
        {
            var end = rest.IndexOf('/', VodPath.Root.Length);
            if (end < 0 || !RecordingId.TryParse(rest[VodPath.Root.Length..end], out var recording))
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

    /// <summary>The path without its token.</summary>
    public override string ToString() => Rest;
}
