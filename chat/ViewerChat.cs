using System.Net;
using Broadcast.Chat.Feed;
using Broadcast.Chat.Filters;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Limits;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Moderation;
using Broadcast.Chat.Polls;
using Broadcast.Chat.Questions;
using Broadcast.Chat.Reactions;
using Broadcast.Chat.Settings;
using Broadcast.Chat.Text;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ChatToControl;
using Broadcast.Media.OriginToChat;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Chat;

/// <summary>Chat of viewers, as the origin uses it: checks identity, limits and text before a message is stored.</summary>
internal sealed class ViewerChat : IChat
{
    /// <summary>Messages that a participant can send at once after a pause.</summary>
    public const int Burst = 5;

    /// <summary>Reactions and votes of a participant: one request per second, and up to <see cref="TapBurst"/> at once.</summary>
    public static readonly TimeSpan TapInterval = TimeSpan.FromSeconds(1);

    /// <summary>Requests with reactions and votes that a participant can send at once after a pause.</summary>
    public const int TapBurst = 5;

    private const int MaxHeldBy = 200;

    // Viewers who share an address.
    private const int TapsPerClient = 100;

    private readonly ChatFeed _feed;
    private readonly ChatWriter _writer;
    private readonly ChatKeys _keys;
    private readonly ChatSettingsCache _settings;
    private readonly NetworkHashes _networks;
    private readonly RepeatMemory _repeats;
    private readonly MessageReviewer _reviewer;
    private readonly TimeProvider _time;
    private readonly ILogger<ViewerChat> _logger;
    private readonly RateLimit<Ulid> _messages;
    private readonly RateLimit<Ulid> _taps;
    private readonly RateLimit<IPAddress> _clientMessages;
    private readonly RateLimit<IPAddress> _clientTaps;
    private readonly RateLimit<IPAddress> _clientJoins;

    public ViewerChat(ChatFeed feed, ChatWriter writer, ChatKeys keys, ChatSettingsCache settings, NetworkHashes networks,
        IOptions<ChatOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<ViewerChat> logger,
        IMessageReview? review = null)
    {
        (_feed, _writer, _keys, _settings, _networks, _time, _logger) = (feed, writer, keys, settings, networks, time, logger);
        var minute = TimeSpan.FromMinutes(1);
        _repeats = new(time);
        _reviewer = new(review);
        _taps = new(TapInterval, TapBurst, time);
        _messages = new(minute / options.Value.MessagesPerMinute, Burst, time);

        // A whole minute's worth at once: many viewers share an address.
        _clientMessages = new(minute / options.Value.MessagesPerMinutePerClient, options.Value.MessagesPerMinutePerClient, time);
        _clientTaps = new(TapInterval / TapsPerClient, TapBurst * TapsPerClient, time);
        _clientJoins = new(minute / options.Value.JoinsPerMinutePerClient, options.Value.JoinsPerMinutePerClient, time);
    }

    /// <inheritdoc/>
    public bool IsEnabled(ChannelName channel) => _settings.IsEnabled(channel);

    /// <inheritdoc/>
    public async ValueTask<ChatBatches?> FindAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
        _settings.IsEnabled(channel) && await _feed.GetAsync(channel, session, cancellationToken) is var read
            ? new(1, read.Last, read.State) : null;

    /// <inheritdoc/>
    public Task WhenAfter(SessionId session, long after) => _feed.Find(session)?.WhenAfter(after) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(ChannelName channel, SessionId session, long batch,
        CancellationToken cancellationToken) =>
        _settings.IsEnabled(channel) ? await _feed.ReadAsync(channel, session, batch, cancellationToken) : null;

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadQuestionsAsync(ChannelName channel, SessionId session,
        CancellationToken cancellationToken) =>
        _settings.IsEnabled(channel) ? await _feed.ReadQuestionsAsync(channel, session, cancellationToken) : null;

    /// <inheritdoc/>
    public async Task<ChatAnswer> JoinAsync(ChannelName channel, string? name, string? viewer, IPAddress? client,
        CancellationToken cancellationToken)
    {
        if (!_settings.IsEnabled(channel))
        {
            return NoChat;
        }

        if (ChatText.TryCleanName(name, out var cleaned) is { } error)
        {
            return new(ChatOutcome.Invalid, error);
        }

        if (_settings.FilterOf(channel).CheckName(cleaned) is { Action: FilterAction.Reject } rejection)
        {
            return new(ChatOutcome.Invalid, rejection.ForSender);
        }

        if (client is not null && _clientJoins.Take(client) is var wait && wait > TimeSpan.Zero)
        {
            return new(ChatOutcome.TooMany, "Too many viewers have joined from this network. Try again later.", wait);
        }

        try
        {
            var tokens = await _keys.GetTokensAsync(cancellationToken);
            var identity = viewer is null ? new ChatIdentity(Ulid.New(_time.GetUtcNow()), channel, cleaned)
                : new(tokens.IdOf(channel, "viewer", viewer), channel, cleaned, ChatRole.Member);
            return new(ChatOutcome.Accepted, tokens.Issue(identity, viewer is null ? null : ChatTokens.ViewerLifetime))
            {
                From = identity.PublicId,
            };
        }
        catch (Exception unavailable) when (ServerDatabase.IsUnavailable(unavailable))
        {
            return Unavailable;
        }
    }

    /// <inheritdoc/>
    public async Task<ChatAnswer> SendAsync(ChatPost post, CancellationToken cancellationToken)
    {
        if (!_settings.IsEnabled(post.Channel))
        {
            return NoChat;
        }

        try
        {
            if ((await _keys.GetTokensAsync(cancellationToken)).Verify(post.Token, post.Channel) is not { } identity)
            {
                return new(ChatOutcome.NoIdentity, "The chat token is missing, invalid or expired. Join the chat again.");
            }

            var (submission, invalid) = SubmissionOf(post, identity);
            if (submission is null)
            {
                return new(ChatOutcome.Invalid, invalid!);
            }

            var wait = submission.IsText ? _messages.Take(identity.Id) : _taps.Take(identity.Id);
            if (wait == TimeSpan.Zero && post.Client is not null)
            {
                wait = (submission.IsText ? _clientMessages : _clientTaps).Take(post.Client);
            }

            if (wait > TimeSpan.Zero)
            {
                return new(ChatOutcome.TooMany, "You are sending too fast.", wait);
            }

            var filter = _settings.FilterOf(post.Channel);
            var decision = identity.Role == ChatRole.Moderator || submission.Content is not { } content ? FilterDecision.Allowed
                : Filter(filter, post.Channel, identity, content);
            if (decision.Action == FilterAction.Reject)
            {
                return new(ChatOutcome.Denied, decision.ForSender);
            }

            var message = submission with
            {
                Role = identity.Role, Network = await _networks.OfAsync(post.Client, cancellationToken),
                HeldBy = decision.Action == FilterAction.Hold ? Shorten(decision.ForModerators) : null,
            };
            var reviewed = await _reviewer.ReviewAsync(post.Channel, post.Session, identity, message, cancellationToken);
            if (reviewed.IsRejected)
            {
                Forget(post.Channel, identity, submission);
                return reviewed.Rejection;
            }

            message = reviewed.Submission;
            if (_writer.WriteAsync(post.Channel, post.Session, message) is not { } writing)
            {
                return new(ChatOutcome.TooMany, "The chat is too busy. Try again in a moment.", TimeSpan.FromSeconds(1));
            }

            var sent = await writing.WaitAsync(cancellationToken);
            if (sent.Id is null)
            {
                Forget(post.Channel, identity, submission);
            }

            return sent.Id is { } stored
                ? new(sent.IsHeld ? ChatOutcome.Held : ChatOutcome.Accepted, stored)
                {
                    Text = message.Content is { } text && text != submission.Content ? text : null,
                }
                : sent.Rejection;
        }
        catch (Exception unavailable) when (ServerDatabase.IsUnavailable(unavailable))
        {
            return Unavailable;
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            ChatLog.StoringFailed(_logger, failed, post.Channel.Value);
            return Unavailable;
        }
    }

    /// <summary>Lets a participant send a rejected message again, for example after the time of the slow mode.</summary>
    private void Forget(ChannelName channel, ChatIdentity identity, Submission rejected)
    {
        if (rejected.Content is { } text)
        {
            _repeats.Remove(channel, identity.Id, text);
        }
    }

    private static string Shorten(string text) => text.Length <= MaxHeldBy ? text : text[..(MaxHeldBy - 1)] + "…";

    private FilterDecision Filter(MessageFilter filter, ChannelName channel, ChatIdentity identity, string text)
    {
        var decision = filter.Check(text, identity.Name);
        return decision.Action == FilterAction.Reject ? decision
            : filter.CheckRepeat(_repeats.Add(channel, identity.Id, text, filter.Settings.Repeats)) is var repeat
                && repeat.Action > decision.Action ? repeat : decision;
    }

    /// <summary>Checks what a participant has sent.</summary>
    /// <returns>The checked form, or the error as a sentence.</returns>
    private (Submission? Submission, string? Error) SubmissionOf(ChatPost post, ChatIdentity identity)
    {
        var now = _time.GetUtcNow();
        switch (post.Kind)
        {
            case ChatPostKind.Reactions:
                return NewReactions.Check(post.Reactions) is { } wrong ? (null, wrong)
                    : (new NewReactions(identity.Id, post.Reactions!, now), null);
            case ChatPostKind.Vote:
                return !Ulid.TryParse(post.Subject, out var poll) ? (null, "'poll' is not the id of a poll.")
                    : post.Choice is not { } choice ? (null, "'choice' is missing.") : (new NewVote(identity.Id, poll, choice, now), null);
            case ChatPostKind.QuestionVote:
                return !Ulid.TryParse(post.Subject, out var question) ? (null, "'question' is not the id of a question.")
                    : (new NewQuestionVote(identity.Id, question, now), null);
        }

        if (ChatText.TryCleanMessage(post.Text, out var text) is { } error)
        {
            return (null, error);
        }

        if (post.Kind == ChatPostKind.Question)
        {
            return (new NewQuestion(identity.Id, Ulid.New(now), identity.Name, text, post.MediaTime, now), null);
        }

        MessageId? reply = null;
        if (post.ReplyTo is not null)
        {
            if (!MessageId.TryParse(post.ReplyTo, out var id))
            {
                return (null, "'replyTo' is not the id of a message.");
            }

            reply = id;
        }

        return (new NewMessage(identity.Id, identity.Name, text, reply, post.MediaTime, now), null);
    }

    private static ChatAnswer NoChat => new(ChatOutcome.Denied, "The channel has no chat.");

    private static ChatAnswer Unavailable => new(ChatOutcome.Unavailable, "Messages cannot be stored at the moment. Try again later.");
}
