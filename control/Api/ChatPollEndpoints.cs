using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media.ControlToChat;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/channels/{name}/chat/polls</c> and <c>…/questions</c>.</summary>
internal static class ChatPollEndpoints
{
    private static readonly IReadOnlyList<string> States = [.. Enum.GetValues<ChatQuestionState>().Select(NameOf)];
    private static readonly IReadOnlyList<string> NewStates = ["open", "picked", "answered", "removed"];

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/chat/polls", async (string name, HttpContext http) =>
                (await ChatEndpoints.Of<IChatPolls>(http).ListAsync(ChatEndpoints.Channel(name), http.RequestAborted))
                .Select(ChatPollView.From).ToList())
            .RequireRole(TokenRole.Moderator).Describe<List<ChatPollView>>("listChatPolls", "List polls with their votes, newest first.",
                200, 404);

        api.MapPost("/channels/{name}/chat/polls", CreateAsync).RequireRole(TokenRole.Moderator).AcceptsBody<NewChatPollBody>()
            .Describe<ChatPollView>("createChatPoll",
                "Create a poll while the channel is live. Viewers see it instead of the previous one. 'seconds' is the time for voting.",
                201, 404,
                409)
            .WithIdempotencyKey<ChatPollView>(isSecret: false);

        api.MapPost("/channels/{name}/chat/polls/{id}/end", async (string name, string id, HttpContext http) =>
                ChatPollView.From(await ChatEndpoints.Of<IChatPolls>(http).EndAsync(ChatEndpoints.Channel(name), id, isHidden: false,
                    http.RequestAborted)))
            .RequireRole(TokenRole.Moderator).Describe<ChatPollView>("endChatPoll", "End voting now. Viewers see the result.", 200, 404);

        api.MapPost("/channels/{name}/chat/polls/{id}/hide", async (string name, string id, HttpContext http) =>
                ChatPollView.From(await ChatEndpoints.Of<IChatPolls>(http).EndAsync(ChatEndpoints.Channel(name), id, isHidden: true,
                    http.RequestAborted)))
            .RequireRole(TokenRole.Moderator).Describe<ChatPollView>("hideChatPoll", "End voting, and no longer show the poll.", 200, 404);

        api.MapGet("/channels/{name}/chat/questions", QuestionsAsync).RequireRole(TokenRole.Moderator)
            .Describe<List<ChatQuestionView>>("listChatQuestions",
                $"List the questions of the newest session by votes. 'state' selects one of {string.Join(", ", States)}.", 200, 400, 404);

        api.MapPatch("/channels/{name}/chat/questions/{id}", ChangeAsync).RequireRole(TokenRole.Moderator).AcceptsBody<ChatQuestionChange>()
            .Describe<ChatQuestionView>("changeChatQuestion",
                $"Change the state of a question: {string.Join(", ", NewStates)}. 'answeredAt' is the program date-time at which the "
                + "answer begins, now when it is missing.", 200, 404);
    }

    private static string NameOf(ChatQuestionState state) => state.ToString().ToLowerInvariant();

    private static async Task<IResult> CreateAsync(string name, HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var question = body.Text("question", required: true);
        var choices = body.Texts("options");
        var seconds = body.Number("seconds");
        body.ThrowIfInvalid([]);
        var poll = await ChatEndpoints.Of<IChatPolls>(http).CreateAsync(ChatEndpoints.Channel(name),
            new(question, choices, seconds is { } time ? TimeSpan.FromSeconds(time) : null), http.RequestAborted);
        return TypedResults.Created($"/api/v1/channels/{name}/chat/polls", ChatPollView.From(poll));
    }

    private static async Task<List<ChatQuestionView>> QuestionsAsync(string name, string? state, HttpContext http)
    {
        ChatQuestionState? only = state is null ? null : States.Contains(state, StringComparer.Ordinal)
            ? Enum.Parse<ChatQuestionState>(state, ignoreCase: true)
            : throw new OperationException([new("state", $"'state' must be one of {string.Join(", ", States)}.")]);
        return [.. (await ChatEndpoints.Of<IChatPolls>(http).ListQuestionsAsync(ChatEndpoints.Channel(name), only, http.RequestAborted))
            .Select(ChatQuestionView.Of)];
    }

    private static async Task<ChatQuestionView> ChangeAsync(string name, string id, HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var state = body.OneOf("state", NewStates, required: true);
        var answeredAt = body.Instant("answeredAt");
        body.ThrowIfInvalid([]);
        return ChatQuestionView.Of(await ChatEndpoints.Of<IChatPolls>(http).ChangeQuestionAsync(ChatEndpoints.Channel(name), id,
            Enum.Parse<ChatQuestionState>(state!, ignoreCase: true), answeredAt, http.RequestAborted));
    }
}

internal sealed record NewChatPollBody(string Question, IReadOnlyList<string> Options, int? Seconds);

internal sealed record ChatQuestionChange(string State, DateTimeOffset? AnsweredAt);

internal sealed record ChatPollView(string Id, string Session, string Question, IReadOnlyList<ChatPollOption> Options,
    DateTimeOffset CreatedAt, DateTimeOffset? EndsAt, DateTimeOffset? HiddenAt)
{
    public static ChatPollView From(ChatPoll p) => new(p.Id, p.Session, p.Question, p.Options, p.CreatedAt, p.EndsAt, p.HiddenAt);
}

internal sealed record ChatQuestionView(string Id, string Session, string Participant, string From, string Name, string Text, string State,
    int Votes, DateTimeOffset Time, DateTimeOffset SentAt, DateTimeOffset? AnsweredAt)
{
    public static ChatQuestionView Of(ChatQuestion q) => new(q.Id, q.Session, q.Participant, q.From, q.Name, q.Text,
        q.State.ToString().ToLowerInvariant(), q.Votes, q.MediaTime, q.SentAt, q.AnsweredAt);
}
