using System.Text.Json;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/channels/{name}/chat</c>: settings and moderation.</summary>
internal static class ChatEndpoints
{
    private static readonly IReadOnlyList<string> Kinds = [.. Enum.GetValues<ChatActionKind>().Select(NameOf)];
    private static readonly IReadOnlyList<string> States = [.. Enum.GetValues<ChatMessageState>().Select(NameOf)];

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/chat", async (string name, HttpContext http) =>
                ChatSettingsView.From(await Of<IChatSettings>(http).GetAsync(Channel(name), http.RequestAborted)))
            .RequireRole(TokenRole.Moderator).Describe<ChatSettingsView>("getChat", "Get the chat settings of a channel. "
                + "'event' is its event in preview or on air, if that has chat settings of its own.", 200, 404);

        api.MapPatch("/channels/{name}/chat", ChangeAsync).RequireRole(TokenRole.Moderator).AcceptsBody<ChatSettingsBody>()
            .Describe<ChatSettingsView>("changeChat",
                "Change the members that are sent; the others stay as they are. 'enabled' requires the role producer. Changes apply to the "
                + "next message, on all servers.", 200, 404);

        api.MapGet("/channels/{name}/chat/filters", async (string name, HttpContext http) =>
                FiltersOf(await Of<IChatSettings>(http).GetFiltersAsync(Channel(name), http.RequestAborted)))
            .RequireRole(TokenRole.Moderator).Describe<ChatFiltersView>("getChatFilters", "Get the filters of a channel's chat.", 200, 404);

        api.MapPut("/channels/{name}/chat/filters", async (string name, HttpContext http, IOptions<ControlOptions> options) =>
                FiltersOf(await Of<IChatSettings>(http).SetFiltersAsync(Channel(name),
                    await RequestBody.BytesAsync(http.Request, MaxFilters, http.RequestAborted), http.RequestAborted)))
            .RequireRole(TokenRole.Moderator).AcceptsBody<ChatFiltersView>()
            .Describe<ChatFiltersView>("setChatFilters",
                "Replace the filters. Actions are 'allow', 'hold' and 'reject'. Members that are missing get their defaults.", 200, 404);

        api.MapGet("/channels/{name}/chat/messages", MessagesAsync).RequireRole(TokenRole.Moderator)
            .Describe<List<ChatMessageView>>("listChatMessages",
                "List messages, newest first, with those that viewers do not see. Filter by 'session', 'participant' and 'state' "
                + $"({string.Join(", ", States)}). 'before' continues from SESSION/ID of a message.", 200, 400, 404)
            .Paged("before", ChatMessageFilter.MaxPage);

        api.MapGet("/channels/{name}/chat/actions", ActionsAsync).RequireRole(TokenRole.Moderator)
            .Describe<List<ChatActionView>>("listChatActions",
                "List actions of moderators, newest first. 'participant' selects those that concern a participant, 'inEffect=true' the "
                + "timeouts, bans and mutes that are in effect. 'before' continues from an id.", 200, 400, 404)
            .Paged("before", IChatModeration.MaxPage);

        api.MapPost("/channels/{name}/chat/actions", ActAsync).RequireRole(TokenRole.Moderator).AcceptsBody<NewChatAction>()
            .Describe<ChatActionView>("moderateChat",
                $"Act as a moderator. 'action' is one of {string.Join(", ", Kinds)}. 'message' is the message that it concerns, or a "
                + "message of the participant; 'session' its session, the newest one by default.", 201, 404, 409)
            .WithIdempotencyKey<ChatActionView>(isSecret: false);

        api.MapPost("/channels/{name}/chat/actions/{id}/undo", UndoAsync).RequireRole(TokenRole.Moderator).AcceptsBody<ChatUndo>()
            .Describe<ChatActionView>("undoChatAction",
                "Undo an action: messages that it removed are shown again, and its timeout, ban or mute ends.", 200, 404, 409);

        api.MapDelete("/channels/{name}/chat/participants/{id}/messages", async (string name, string id, HttpContext http) =>
                new ErasedView(await Of<IChatModeration>(http).EraseAsync(Channel(name), id, http.RequestAborted)))
            .RequireRole(TokenRole.Producer).Describe<ErasedView>("eraseChatMessages",
                "Delete all messages of a participant for good, also from the lists of moderators.", 200, 404);

        api.MapGet("/channels/{name}/chat/participants/{id}/export", ExportAsync).RequireRole(TokenRole.Producer)
            .Describe<ChatExportView>("exportChatParticipant",
                "Export everything that is stored about a participant: messages in every state, questions, votes, and actions of "
                + "moderators without their names.", 200, 404);

        api.MapGet("/channels/{name}/chat/statistics", StatisticsAsync).RequireRole(TokenRole.Moderator)
            .Describe<ChatStatisticsView>("getChatStatistics",
                "Count what happened in the chat of a session, by default of the newest one with chat.", 200, 400, 404);

        api.MapPost("/channels/{name}/chat/token", TokenAsync).RequireRole(TokenRole.Viewer)
            .Describe<ChatTokenView>("createChatToken",
                "Create a chat token for the caller, valid for 10 minutes. Messages of callers who may moderate are marked.", 200,
                404);
    }

    // 1000 entries of 60 characters, of up to four bytes or escaped.
    private const int MaxFilters = 512 * 1024;

    private static ChatFiltersView FiltersOf(ReadOnlyMemory<byte> json) =>
        JsonSerializer.Deserialize<ChatFiltersView>(json.Span, JsonSerializerOptions.Web)!;

    /// <summary>Name of a kind of action or state in the API.</summary>
    private static string NameOf<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>Parses the name of a channel.</summary>
    /// <exception cref="OperationException">No channel can have this name.</exception>
    internal static ChannelName Channel(string name) =>
        ChannelName.TryParse(name, out var channel) ? channel : throw OperationException.NoChannel(name);

    /// <summary>Gets a part of the chat, which runs on servers with the API.</summary>
    internal static T Of<T>(HttpContext http)
        where T : class =>
        http.RequestServices.GetService<T>()
        ?? throw new OperationException(OperationErrorCode.OwnerUnavailable, "This server has no chat.");

    private static ChatModerator ModeratorOf(HttpContext http) =>
        ApiAuthorization.GetCaller(http) is var caller ? new(caller.Key, caller.Name.Length > 0 ? caller.Name : caller.Id) : null!;

    private static async Task<ChatSettingsView> ChangeAsync(string name, HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var change = new ChatSettingsChange(body.Boolean("enabled"))
        {
            SlowSeconds = body.Number("slowSeconds"), MembersOnly = body.Boolean("membersOnly"), Frozen = body.Boolean("frozen"),
            HoldAll = body.Boolean("holdAll"), Reactions = body.Boolean("reactions"), Questions = body.Boolean("questions"),
        };
        body.ThrowIfInvalid([]);
        if (change.Enabled is not null && ApiAuthorization.GetCaller(http).Role < TokenRole.Producer)
        {
            throw new OperationException(OperationErrorCode.Denied, "The role producer is required to change 'enabled'.");
        }

        return ChatSettingsView.From(await Of<IChatSettings>(http).ChangeAsync(Channel(name), change, http.RequestAborted));
    }

    private static async Task ExportAsync(string name, string id, HttpContext http)
    {
        var channel = Channel(name);
        await Of<IChatReports>(http).ExportAsync(channel, id, () =>
        {
            http.Response.ContentType = "application/json; charset=utf-8";
            http.Response.Headers.ContentDisposition = $"attachment; filename=\"chat-{channel.Value}-{id}.json\"";
            return http.Response.Body;
        }, http.RequestAborted);
    }

    private static async Task<ChatStatisticsView> StatisticsAsync(string name, string? session, HttpContext http)
    {
        SessionId parsed = default;
        if (session is not null && !SessionId.TryParse(session, out parsed))
        {
            throw new OperationException([new("session", "'session' must be the id of a session.")]);
        }

        return ChatStatisticsView.From(await Of<IChatReports>(http).GetStatisticsAsync(Channel(name), session is null ? null : parsed,
            http.RequestAborted));
    }

    private static async Task<List<ChatMessageView>> MessagesAsync(string name, string? session, string? participant, string? state,
        string? before, string? limit, HttpContext http)
    {
        var errors = new List<ValidationError>();
        SessionId parsedSession = default;
        if (session is not null && !SessionId.TryParse(session, out parsedSession))
        {
            errors.Add(new("session", "'session' must be the id of a session."));
        }

        if (state is not null && !States.Contains(state, StringComparer.Ordinal))
        {
            errors.Add(new("state", $"'state' must be one of {string.Join(", ", States)}."));
        }

        if (errors.Count > 0)
        {
            throw new OperationException(errors);
        }

        var filter = new ChatMessageFilter(Channel(name))
        {
            Session = session is null ? null : parsedSession, Participant = participant, Before = before, Limit = Paging.Limit(limit),
            State = state is null ? null : Enum.Parse<ChatMessageState>(state, ignoreCase: true),
        };
        return Paging.Page(http, await Of<IChatModeration>(http).ListMessagesAsync(filter, http.RequestAborted), filter.Limit, "before",
            message => $"{message.Session}/{message.Id}", ChatMessageView.Of);
    }

    private static async Task<List<ChatActionView>> ActionsAsync(string name, string? participant, string? inEffect, string? before,
        string? limit, HttpContext http)
    {
        var rows = Paging.Limit(limit);
        return Paging.Page(http,
            await Of<IChatModeration>(http).ListActionsAsync(Channel(name), participant, inEffect == "true", before, rows,
            http.RequestAborted), rows, "before", action => action.Id.Value, ChatActionView.From);
    }

    private static async Task<IResult> ActAsync(string name, HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var kind = body.OneOf("action", Kinds, required: true);
        var session = body.Text("session");
        var message = body.Text("message");
        var participant = body.Text("participant");
        var seconds = body.Number("seconds");
        var network = body.Boolean("network") ?? false;
        var text = body.Text("text");
        var reason = body.Text("reason") ?? "";
        SessionId parsed = default;
        body.ThrowIfInvalid(session is not null && !SessionId.TryParse(session, out parsed)
            ? [new("session", "'session' must be the id of a session.")] : []);
        var action = await Of<IChatModeration>(http).ActAsync(
            new(Channel(name), ModeratorOf(http), Enum.Parse<ChatActionKind>(kind!, ignoreCase: true), reason)
            {
                Session = session is null ? null : parsed, Message = message, Participant = participant,
                Duration = seconds is { } duration ? TimeSpan.FromSeconds(duration) : null, IncludesNetwork = network, Text = text,
            }, http.RequestAborted);
        return TypedResults.Created($"/api/v1/channels/{name}/chat/actions", ChatActionView.From(action));
    }

    private static async Task<ChatActionView> UndoAsync(string name, string id, HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var reason = body.Text("reason") ?? "";
        body.ThrowIfInvalid([]);
        return ChatActionView.From(await Of<IChatModeration>(http).UndoAsync(Channel(name), ModeratorOf(http), id, reason,
            http.RequestAborted));
    }

    private static async Task<ChatTokenView> TokenAsync(string name, HttpContext http)
    {
        var moderator = ModeratorOf(http);
        var isModerator = ApiAuthorization.GetCaller(http).Role >= TokenRole.Moderator;
        await Of<IChatSettings>(http).GetAsync(Channel(name), http.RequestAborted);   // the channel exists
        var issued = await Of<IChatModeration>(http).IssueTokenAsync(Channel(name), moderator.Id, moderator.Name, isModerator,
            http.RequestAborted);
        return new(issued.Token, issued.Name, issued.From, isModerator);
    }
}

internal sealed record ChatSettingsView(bool Enabled, int SlowSeconds, bool MembersOnly, bool Frozen, bool HoldAll, bool Reactions,
    bool Questions, ChatEvent? Event)
{
    public static ChatSettingsView From(ChatSettings s) => new(s.Enabled, s.SlowSeconds, s.MembersOnly, s.Frozen, s.HoldAll, s.Reactions,
        s.Questions, s.Event);
}

internal sealed record ChatSettingsBody(bool? Enabled, int? SlowSeconds, bool? MembersOnly, bool? Frozen, bool? HoldAll, bool? Reactions,
    bool? Questions);

internal sealed record ChatFiltersView(ChatWordsView? Words, ChatLinksView? Links, ChatRepeatsView? Repeats, ChatCapitalsView? Capitals,
    ChatCountView? Emoji, ChatCountView? Mentions);

internal sealed record ChatWordsView(IReadOnlyList<string>? Held, IReadOnlyList<string>? Rejected);

internal sealed record ChatLinksView(string? Action, IReadOnlyList<string>? Domains);

internal sealed record ChatRepeatsView(string? Action, int? MaxRun, int? SenderSeconds, int? AnyoneSeconds);

internal sealed record ChatCapitalsView(string? Action, int? MaxPercent);

internal sealed record ChatCountView(string? Action, int? Max);

internal sealed record ChatMessageView(
    string Session, string Id, string Participant, string From, string Name, string Text, string? ReplyTo, DateTimeOffset Time,
    DateTimeOffset SentAt, string State, string? HeldBy)
{
    public static ChatMessageView Of(ModeratedMessage m) => new(m.Session, m.Id, m.Participant, m.From, m.Name, m.Text, m.ReplyTo,
        m.MediaTime, m.SentAt, m.State.ToString().ToLowerInvariant(), m.HeldBy);
}

internal sealed record NewChatAction(
    string Action, string? Session, string? Message, string? Participant, int? Seconds, bool? Network, string? Text, string? Reason);

internal sealed record ChatUndo(string? Reason);

internal sealed record ChatActionView(
    string Id, string Action, string? Session, string? Message, string? Participant, string? Name, string Reason, string Moderator,
    string ModeratorName, DateTimeOffset At, DateTimeOffset? EndsAt, bool Network, DateTimeOffset? UndoneAt, string? UndoneBy)
{
    public static ChatActionView From(ChatAction a) => new(a.Id.Value, a.Kind.ToString().ToLowerInvariant(), a.Session, a.Message,
        a.Participant, a.Name, a.Reason, a.Moderator.Id, a.Moderator.Name, a.At, a.EndsAt, a.IncludesNetwork, a.UndoneAt, a.UndoneBy);
}

internal sealed record ErasedView(int Messages);

internal sealed record ChatExportView(string Channel, string Participant, DateTimeOffset ExportedAt,
    IReadOnlyList<ExportedMessageView> Messages, IReadOnlyList<ExportedQuestionView> Questions,
    IReadOnlyList<ExportedPollVoteView> PollVotes, IReadOnlyList<ExportedQuestionVoteView> QuestionVotes,
    IReadOnlyList<ExportedActionView> Actions);

internal sealed record ExportedMessageView(string Session, string Id, string Name, string Text, string? ReplyTo, DateTimeOffset Time,
    DateTimeOffset SentAt, string State);

internal sealed record ExportedQuestionView(string Session, string Id, string Name, string Text, int Votes, DateTimeOffset Time,
    DateTimeOffset SentAt, string State, DateTimeOffset? AnsweredAt);

internal sealed record ExportedPollVoteView(string Session, string Poll, string Question, string Option);

internal sealed record ExportedQuestionVoteView(string Session, string Question);

internal sealed record ExportedActionView(string Id, string Action, string? Session, string? Message, string Reason, DateTimeOffset At,
    DateTimeOffset? EndsAt, DateTimeOffset? UndoneAt);

internal sealed record ChatStatisticsView(string? Session, long Participants, IReadOnlyDictionary<string, long> Messages,
    long Announcements, IReadOnlyList<ChatMinuteCount> Minutes, ChatMinuteCount? BusiestMinute,
    IReadOnlyList<ChatParticipantCount> MostActive, IReadOnlyDictionary<string, long> Reactions,
    IReadOnlyDictionary<string, long> Questions, long Polls, long PollVotes, IReadOnlyDictionary<string, long> Actions)
{
    public static ChatStatisticsView From(ChatStatistics s) => new(s.Session, s.Participants, ByName(s.Messages), s.Announcements,
        s.Minutes, s.BusiestMinute, s.MostActive, s.Reactions, ByName(s.Questions), s.Polls, s.PollVotes, ByName(s.Actions));

    // All names are present, so that clients need no defaults.
    private static Dictionary<string, long> ByName<T>(IReadOnlyDictionary<T, long> counts)
        where T : struct, Enum => Enum.GetValues<T>().ToDictionary(key => key.ToString().ToLowerInvariant(),
            key => counts.GetValueOrDefault(key), StringComparer.Ordinal);
}

internal sealed record ChatTokenView(string Token, string Name, string From, bool IsModerator)
{
    /// <summary>Omits the token.</summary>
    public override string ToString() => "chat token";
}
