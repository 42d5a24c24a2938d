using System.Security.Cryptography;
using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Control.Targets;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Broadcast.Control.Api;

/// <summary>
/// Entity tags (RFC 9110, section 8.8.3). A change with <c>If-Match</c> does not overwrite a newer change. A tag covers stored settings,
/// not live state: a channel's live state and a webhook's counters change without changing the tag.
/// </summary>
internal static class ETags
{
    // 128 bits make collisions between two versions practically impossible.
    private const int Length = 16;

    /// <summary>Tag of a channel's settings.</summary>
    public static string Of(ChannelInfo channel) => Hash(ChannelView.From(channel, null));

    /// <summary>Tag of an event.</summary>
    public static string Of(EventInfo e) => Hash(EventView.From(e, ""));

    /// <summary>Tag of a recording.</summary>
    public static string Of(RecordingInfo recording) => Hash(RecordingView.From(recording, ""));

    /// <summary>Tag of a webhook's settings, including whether it is disabled.</summary>
    public static string Of(WebhookInfo webhook) =>
        Hash(WebhookView.From(webhook with { LastAttemptAt = null, FailingSince = null, Pending = 0, Dropped = 0 }));

    /// <summary>Tag of a target's settings. A change of the stream key alone does not change it.</summary>
    public static string Of(TargetInfo target) =>
        Hash((target.Name, target.Url, target.Rendition, target.Event, target.Enabled).ToString());

    /// <summary>Tag of a user, without the last login.</summary>
    public static string Of(UserInfo user) => Hash(UserView.From(user with { LastLoginAt = null }));

    /// <summary>Sets the entity tag of a response.</summary>
    public static TView Tagged<TView>(HttpContext http, string tag, TView view)
    {
        http.Response.Headers.ETag = tag;
        return view;
    }

    /// <summary>
    /// Sets the entity tag and answers 304 without a body when the client has the current version (<c>If-None-Match</c>). Use it only where
    /// the tag covers the whole view.
    /// </summary>
    public static IResult OkOrNotModified<TView>(HttpContext http, string tag, TView view)
    {
        http.Response.Headers.ETag = tag;
        var ifNoneMatch = http.Request.Headers.IfNoneMatch;
        return ifNoneMatch.Count > 0 && Matches(ifNoneMatch, tag, allowWeak: true)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(view);
    }

    /// <summary>Creates the precondition of a change from <c>If-Match</c>.</summary>
    /// <param name="http">Request.</param>
    /// <param name="tag">Function that computes the tag of the resource.</param>
    /// <returns>Action that throws when the precondition fails (<see cref="OperationErrorCode.Stale"/>); <see langword="null"/> when the
    /// request has none.</returns>
    public static Action<T>? PreconditionOf<T>(HttpContext http, Func<T, string> tag)
    {
        var ifMatch = http.Request.Headers.IfMatch;
        return ifMatch.Count == 0 ? null : current =>
        {
            if (!Matches(ifMatch, tag(current), allowWeak: false))
            {
                throw new OperationException(OperationErrorCode.Stale,
                    "The resource changed since you read it. Read it again and send the change with the new ETag in 'If-Match'.");
            }
        };
    }

    // Own tags contain no comma, so a foreign tag with a comma splits into parts that match no own tag.
    private static bool Matches(StringValues header, string tag, bool allowWeak) =>
        header.ToString().Split(',', StringSplitOptions.TrimEntries)
            .Any(t => t == "*" || t == tag || (allowWeak && t.StartsWith("W/", StringComparison.Ordinal) && t[2..] == tag));

    private static string Hash<T>(T view) =>
        $"\"{Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(view)).AsSpan(0, Length))}\"";
}
