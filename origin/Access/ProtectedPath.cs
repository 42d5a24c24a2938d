using System.Diagnostics.CodeAnalysis;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.Access;

/// <summary>
/// A URL path of a channel's resource: <c>/live/{channel}/…</c>, <c>/chat/{channel}/…</c> or <c>/vod/{recording}/…</c>, optionally after
/// <c>/t/{token}</c>.
/// </summary>
/// <param name="Token">The token after <c>/t/</c>; <see langword="null"/> where there is none.</param>
/// <param name="Rest">The path without the token.</param>
/// <param name="Channel">The channel; unset where <see cref="Recording"/> is set.</param>
internal readonly record struct ProtectedPath(string? Token, string Rest, ChannelName Channel)
{
    /// <summary>The recording, whose channel must be looked up; <see langword="null"/> in paths with a channel.</summary>
    public RecordingId? Recording { get; init; }

    /// <summary>Indicates whether the path is that of a request to write in the chat.</summary>
    public bool IsChat { get; init; }

    /// <summary>The session in the path; <see langword="null"/> for the channel's own URLs and for recordings.</summary>
    public SessionId? Session { get; init; }

    /// <summary>
    /// Maximum token length, in characters. The server's own tokens are shorter (<see cref="ViewerToken.MaxLength"/>); tokens for auth
    /// callbacks may use all of it.
    /// </summary>
    public const int MaxToken = 512;

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
        if (path.StartsWith(MediaUrls.TokenRoot, StringComparison.Ordinal))
        {
            var end = path.IndexOf('/', MediaUrls.TokenRoot.Length);
            if (end <= MediaUrls.TokenRoot.Length || end - MediaUrls.TokenRoot.Length > MaxToken)
            {
                return false;
            }

            token = path[MediaUrls.TokenRoot.Length..end];
            rest = path[end..];
        }

        if (rest.StartsWith(MediaUrls.VodRoot, StringComparison.Ordinal))
        {
            var end = rest.IndexOf('/', MediaUrls.VodRoot.Length);
            if (end < 0 || !RecordingId.TryParse(rest[MediaUrls.VodRoot.Length..end], out var recording))
            {
                return false;
            }

            result = new(token, rest, default) { Recording = recording };
            return true;
        }

        var isChat = rest.StartsWith(MediaUrls.ChatRoot, StringComparison.Ordinal);
        if (!isChat && !rest.StartsWith(MediaUrls.LiveRoot, StringComparison.Ordinal))
        {
            return false;
        }

        var root = isChat ? MediaUrls.ChatRoot.Length : MediaUrls.LiveRoot.Length;
        var slash = rest.IndexOf('/', root);
        if (slash < 0 || !ChannelName.TryParse(rest[root..slash], out var channel))
        {
            return false;
        }

        if (isChat)
        {
            result = new(token, rest, channel) { IsChat = true };
            return true;
        }

        var next = rest.IndexOf('/', slash + 1);
        result = new(token, rest, channel) { Session = next > 0
            && SessionId.TryParse(rest[(slash + 1)..next], out var session) ? session : null };
        return true;
    }

    /// <summary>The path without its token.</summary>
    public override string ToString() => Rest;
}
