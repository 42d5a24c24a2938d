using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>Finds out whether a publisher may publish, and on which channel, as <see cref="AuthorizationOptions.Policy"/> has it.</summary>
internal sealed class PublisherCheck(
    KeyCheck keys, WebhookClient webhook, HookedChannels channels, KeyAttempts attempts, IOptions<AuthorizationOptions> options, TimeProvider time, ILogger<PublisherCheck> logger)
{
    private static readonly Checked.Bad Away = new(PublishRefusal.AuthorityUnavailable, "The service that decides who may publish does not answer. Try again in a moment.");
    private readonly AuthorizationOptions _options = options.Value;

    /// <summary>Checks a publisher.</summary>
    /// <param name="request">What it presented.</param>
    /// <param name="earlier">What this found for the same request a moment ago: the webhook is not asked twice.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<Checked> CheckAsync(PublishRequest request, Checked.Good? earlier, CancellationToken cancellationToken)
    {
        if (_options.WebhookAlone)
        {
            return await AskAloneAsync(request, earlier, cancellationToken);
        }

        var found = await keys.CheckAsync(request.StreamKey, request.Remote, cancellationToken);
        if (!_options.AsksWebhook || found is not Checked.Good good)
        {
            return found;
        }

        return earlier is not null ? good with { Asked = earlier.Asked } : await AgreeAsync(request, good, cancellationToken);
    }

    /// <summary>The key decides on the channel: an answer can only agree, and one that names another channel does not.</summary>
    private async ValueTask<Checked> AgreeAsync(PublishRequest request, Checked.Good good, CancellationToken cancellationToken)
    {
        var asked = WebhookEvent.Asking(request, good.Key, time.GetUtcNow());
        switch (await webhook.SendAsync(_options.Url!, asked, cancellationToken))
        {
            case WebhookAnswer.Allowed { Channel: var channel } when channel is null || channel == good.Key.Channel.Value:
                return good with { Asked = asked };

            case WebhookAnswer.Fault when _options.OpenWhenAway:
                ControlLog.AcceptedWithoutWebhook(logger, good.Key.KeyId);
                return good with { Asked = asked };

            case WebhookAnswer.Fault:
                return Away;

            case WebhookAnswer.Denied { Message: { } message }:
                return Checked.Unknown with { Message = message };

            default:
                return Checked.Unknown;
        }
    }

    private async ValueTask<Checked> AskAloneAsync(PublishRequest request, Checked.Good? earlier, CancellationToken cancellationToken)
    {
        var subject = HookedChannels.KeyIdOf(request.StreamKey);
        WebhookEvent asked;
        ChannelName channel;
        var create = false;
        if (earlier is { Asked: { } before })
        {
            (asked, channel) = (before, earlier.Key.Channel);
        }
        else
        {
            if (attempts.IsOver(request.Remote, subject))
            {
                return new Checked.Bad(PublishRefusal.TooManyAttempts, "Too many refused attempts from your address. Check the stream key, wait a minute and try again.");
            }

            asked = WebhookEvent.Asking(request, null, time.GetUtcNow());
            var answer = await webhook.SendAsync(_options.Url!, asked, cancellationToken);
            if (answer is WebhookAnswer.Fault)
            {
                return Away;
            }

            if (answer is not WebhookAnswer.Allowed allowed)
            {
                attempts.Failed(request.Remote, subject);
                return answer is WebhookAnswer.Denied { Message: { } message } ? Checked.Unknown with { Message = message } : Checked.Unknown;
            }

            if (!ChannelName.TryParse(allowed.Channel ?? request.StreamKey, out channel))
            {
                ControlLog.WebhookChannelUnfit(logger);
                return Checked.Unknown;
            }

            create = allowed.Create && _options.CreateChannels;
        }

        try
        {
            return await channels.FindAsync(channel, subject, create, cancellationToken) is { } key
                ? new Checked.Good(key, FromMemory: false, asked)
                : Missing(channel);
        }
        catch (ControlException)
        {
            return new Checked.Bad(PublishRefusal.AuthorityUnavailable, "The server cannot look up channels at the moment. Try again in a moment.");
        }
    }

    private Checked.Bad Missing(ChannelName channel)
    {
        ControlLog.WebhookChannelMissing(logger, channel.Value);
        return new(PublishRefusal.UnknownKey, "There is no channel for this stream.");
    }
}
