using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Broadcast.Control.Api;

/// <summary>
/// Entity tags (RFC 9110, section 8.8.3): who sends the tag of what they read with a change (<c>If-Match</c>) overwrites nothing that somebody else changed meanwhile. A tag is of what is kept of a thing, not of how it is doing just
/// now: a channel's live state and a webhook's counts change without anybody changing the channel or the webhook.
/// </summary>
internal static class ETags
{
    // Enough that no two states of a thing ever have the same.
    private const int Length = 16;

    /// <summary>Of a channel: what can be set.</summary>
    public static string Of(ChannelInfo channel) => Hash(ChannelView.From(channel, null));

    /// <summary>Of an event, whole.</summary>
    public static string Of(EventInfo e) => Hash(EventView.From(e, ""));

    /// <summary>Of a recording, whole.</summary>
    public static string Of(RecordingInfo recording) => Hash(RecordingView.From(recording, ""));

    /// <summary>Of a webhook: what can be set, and whether it was switched off.</summary>
    public static string Of(HookInfo webhook) => Hash(WebhookView.From(webhook with { TriedAt = null, FailingSince = null, Waiting = 0, Dropped = 0 }));

    /// <summary>Of a user, all but when they last logged in.</summary>
    public static string Of(UserInfo user) => Hash(UserView.From(user with { LastLoginAt = null }));

    /// <summary>An answer with its tag.</summary>
    public static TView Tagged<TView>(HttpContext http, string tag, TView view)
    {
        http.Response.Headers.ETag = tag;
        return view;
    }

    /// <summary>An answer with its tag, or 304 without a body to who has it already (<c>If-None-Match</c>). For what its tag is of as a whole.</summary>
    public static IResult Fresh<TView>(HttpContext http, string tag, TView view)
    {
        http.Response.Headers.ETag = tag;
        var had = http.Request.Headers.IfNoneMatch;
        return had.Count > 0 && Names(had, tag, isWeakGood: true) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(view);
    }

    /// <summary>What has to hold of a thing before it is changed: that its tag is one that <c>If-Match</c> names.</summary>
    /// <param name="http">The request.</param>
    /// <param name="tag">The tag of a thing.</param>
    /// <returns>Throws when it does not hold (<see cref="ControlCode.Stale"/>); <see langword="null"/> where the request asks for nothing.</returns>
    public static Action<T>? Expected<T>(HttpContext http, Func<T, string> tag)
    {
        var named = http.Request.Headers.IfMatch;
        return named.Count == 0 ? null : current =>
        {
            if (!Names(named, tag(current), isWeakGood: false))
            {
                throw new ControlException(ControlCode.Stale, "It is not as you read it any more: somebody changed it. Read it again, and send the change with the new ETag in 'If-Match'.");
            }
        };
    }

    // Ours hold no comma, so that one in another's tag splits it into parts that are none of ours.
    private static bool Names(StringValues header, string tag, bool isWeakGood) =>
        header.ToString().Split(',', StringSplitOptions.TrimEntries)
            .Any(t => t == "*" || t == tag || (isWeakGood && t.StartsWith("W/", StringComparison.Ordinal) && t[2..] == tag));

    private static string Hash<T>(T view) => $"\"{Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(view)).AsSpan(0, Length))}\"";
}
