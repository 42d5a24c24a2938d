using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Origin.Access;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.Chat;

/// <summary>
/// Endpoints <c>POST /chat/{channel}/join</c>, and <c>…/messages</c>, <c>…/reactions</c>, <c>…/votes</c>, <c>…/questions</c> and
/// <c>…/question-votes</c>. Pages of any site can send these requests: the bearer token identifies a participant, and no cookie is read.
/// </summary>
internal sealed class ChatPostEndpoint(LiveDirectory directory, ILogger<ChatPostEndpoint> logger, IChat? chat = null)
{
    /// <summary>Maximum size of a body in bytes.</summary>
    public const int MaxBody = 8192;

    private const string Bearer = "Bearer ";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        MaxDepth = 4, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Responds to a request whose sender may watch the channel.</summary>
    public async Task HandleAsync(HttpContext context, ChannelName channel)
    {
        Responses.Prepare(context);
        if (context.Request.Path.Value?.Split('/') is not ["", "chat", _, var name] || !TryParseKind(name, out var kind))
        {
            Responses.NotFound(context);
            return;
        }

        if (!HttpMethods.IsPost(context.Request.Method))
        {
            AnswerMethod(context);
            return;
        }

        try
        {
            if (chat is null || CurrentOf(channel) is not { } session)
            {
                await AnswerAsync(context, new(ChatOutcome.Denied, "The channel is not live, or has no chat."));
                return;
            }

            if (context.Features.Get<AuthorizedSession>() is { } authorized && authorized.Session != session.Id)
            {
                // The access check was for another session, which can have another policy.
                Responses.TryAgain(context);
                return;
            }

            if (await ReadAsync(context) is not { } body)
            {
                return;
            }

            await AnswerAsync(context, kind is not { } sent
                ? await chat.JoinAsync(channel, body.Name, context.Features.Get<AuthorizedViewer>()?.Id, ClientCount.ViewerOf(context),
                    context.RequestAborted)
                : await chat.SendAsync(PostOf(context, session, body, sent), context.RequestAborted), isJoin: kind is null);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The viewer disconnected.
        }
        catch (Exception exception)
        {
            OriginLog.RequestFailed(logger, exception, context.TraceIdentifier);
            Responses.TryAgain(context);
        }
    }

    private LiveSession? CurrentOf(ChannelName channel) =>
        directory.FindChannel(channel)?.CurrentFor(directory.VisibilityFilter, mayPreview: false) is { IsEnded: false } session ? session
            : null;

    /// <summary>Parses the last part of a path; the kind is <see langword="null"/> for a participant who joins.</summary>
    private static bool TryParseKind(string name, out ChatPostKind? kind)
    {
        kind = name switch
        {
            "messages" => ChatPostKind.Message,
            "reactions" => ChatPostKind.Reactions,
            "votes" => ChatPostKind.Vote,
            "questions" => ChatPostKind.Question,
            "question-votes" => ChatPostKind.QuestionVote,
            _ => null,
        };
        return kind is not null || name == "join";
    }

    private static ChatPost PostOf(HttpContext context, LiveSession session, Body body, ChatPostKind kind)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : null;

        // A player cannot be before the start or after the live edge. Without media there is no edge yet.
        var status = session.Status();
        var edge = status.LiveEdge ?? session.StartedAt;
        var at = body.Time is { } time && time < edge ? time : edge;
        return new(session.Channel, session.Id, token, body.Text, body.ReplyTo, at > status.StartedAt ? at : status.StartedAt ?? edge,
            ClientCount.ViewerOf(context))
        {
            Kind = kind, Reactions = body.Reactions, Subject = kind == ChatPostKind.Vote ? body.Poll : body.Question, Choice = body.Choice,
        };
    }

    private static async Task<Body?> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
        {
            await AnswerAsync(context, StatusCodes.Status415UnsupportedMediaType, "Send the body as application/json.");
            return null;
        }

        var bytes = new byte[MaxBody + 1];
        var length = 0;
        while (length < bytes.Length
            && await context.Request.Body.ReadAsync(bytes.AsMemory(length), context.RequestAborted) is > 0 and var count)
        {
            length += count;
        }

        if (length > MaxBody)
        {
            await AnswerAsync(context, StatusCodes.Status413PayloadTooLarge, $"The body exceeds {MaxBody} bytes.");
            return null;
        }

        try
        {
            if (JsonSerializer.Deserialize<Body>(bytes.AsSpan(0, length), Json) is { } body)
            {
                return body;
            }
        }
        catch (JsonException)
        {
            // Answered below.
        }

        await AnswerAsync(context, StatusCodes.Status400BadRequest, "The body is not a valid JSON object.");
        return null;
    }

    private static Task AnswerAsync(HttpContext context, ChatAnswer answer, bool isJoin = false)
    {
        if (answer.RetryAfter > TimeSpan.Zero)
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(answer.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        return answer.Outcome switch
        {
            ChatOutcome.Accepted when isJoin =>
                WriteAsync(context, StatusCodes.Status200OK, new { token = answer.Value, from = answer.From }),
            ChatOutcome.Accepted =>
                WriteAsync(context, StatusCodes.Status201Created,
                    new { id = answer.Value.Length > 0 ? answer.Value : null, text = answer.Text }),
            ChatOutcome.Held =>
                WriteAsync(context, StatusCodes.Status202Accepted, new { id = answer.Value, state = "held", text = answer.Text }),
            ChatOutcome.Invalid => AnswerAsync(context, StatusCodes.Status400BadRequest, answer.Value),
            ChatOutcome.NoIdentity => AnswerAsync(context, StatusCodes.Status401Unauthorized, answer.Value),
            ChatOutcome.Denied => AnswerAsync(context, StatusCodes.Status403Forbidden, answer.Value),
            ChatOutcome.TooMany => AnswerAsync(context, StatusCodes.Status429TooManyRequests, answer.Value),
            _ => AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, answer.Value),
        };
    }

    private static Task AnswerAsync(HttpContext context, int status, string reason) => WriteAsync(context, status, new { error = reason });

    private static async Task WriteAsync(HttpContext context, int status, object content)
    {
        Responses.Empty(context, status, "no-store");
        var bytes = JsonSerializer.SerializeToUtf8Bytes(content, Json);
        context.Response.ContentType = ContentTypes.Json;
        context.Response.ContentLength = bytes.Length;
        await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
    }

    private static void AnswerMethod(HttpContext context)
    {
        context.Response.Headers.Allow = "POST, OPTIONS";
        if (!HttpMethods.IsOptions(context.Request.Method))
        {
            Responses.Empty(context, StatusCodes.Status405MethodNotAllowed, "no-store");
            return;
        }

        context.Response.Headers.AccessControlAllowMethods = "POST, OPTIONS";
        context.Response.Headers.AccessControlAllowHeaders = "Authorization, Content-Type";
        context.Response.Headers.AccessControlMaxAge = "86400";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private sealed record Body(string? Name, string? Text, string? ReplyTo, DateTimeOffset? Time, Dictionary<string, int>? Reactions,
        string? Poll, int? Choice, string? Question);
}
