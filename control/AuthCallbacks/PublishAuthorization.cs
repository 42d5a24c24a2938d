using Broadcast.Control.Publishing;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>Authorizes publishers according to <see cref="AuthorizationOptions.Policy"/> and determines their channel.</summary>
internal sealed class PublishAuthorization(
    StreamKeyValidator keys, AuthCallbackClient webhook, AuthCallbackChannels channels, KeyAttempts attempts,
    IOptions<AuthorizationOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<PublishAuthorization> logger)
{
    private static readonly StreamKeyCheck.Invalid Unavailable =
        new(PublishRejectionReason.AuthorityUnavailable, "The authorization service does not respond. Try again in a moment.");
    private readonly AuthorizationOptions _options = options.Value;

    /// <summary>Authorizes a publisher.</summary>
    /// <param name="request">Request of the encoder.</param>
    /// <param name="earlier">Earlier result for the same request; the auth callback is not called twice.</param>
    /// <param name="isDecidedElsewhere">Returns whether another server decides on the channel, and then calls the auth callback.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    public async ValueTask<StreamKeyCheck> CheckAsync(PublishRequest request, StreamKeyCheck.Valid? earlier,
        Func<StreamKeyRecord, bool> isDecidedElsewhere, CancellationToken cancellationToken)
    {
        if (_options.CallbackAlone)
        {
            return await AskCallbackAsync(request, earlier, cancellationToken);
        }

        var result = await keys.CheckAsync(request.StreamKey, request.Remote, cancellationToken);
        if (!_options.UsesCallback || result is not StreamKeyCheck.Valid validKey || isDecidedElsewhere(validKey.Key))
        {
            return result;
        }

        return earlier is not null ? validKey with { CallbackRequest = earlier.CallbackRequest }
            : await ConfirmAsync(request, validKey, cancellationToken);
    }

    /// <summary>
    /// Asks the auth callback to confirm a stream key. The key determines the channel, so a response that names another channel is a
    /// rejection.
    /// </summary>
    private async ValueTask<StreamKeyCheck> ConfirmAsync(PublishRequest request, StreamKeyCheck.Valid validKey,
        CancellationToken cancellationToken)
    {
        var callbackRequest = AuthCallbackEvent.PublishRequestOf(request, validKey.Key, time.GetUtcNow());
        switch (await webhook.SendAsync(_options.Url!, callbackRequest, cancellationToken))
        {
            case AuthCallbackResult.Allowed { Channel: var channel } when channel is null || channel == validKey.Key.Channel.Value:
                return validKey with { CallbackRequest = callbackRequest };

            case AuthCallbackResult.Failed when _options.FailOpen:
                ControlLog.AcceptedWithoutCallback(logger, validKey.Key.KeyId);
                return validKey with { CallbackRequest = callbackRequest };

            case AuthCallbackResult.Failed:
                return Unavailable;

            case AuthCallbackResult.Denied { Message: { } message }:
                return StreamKeyCheck.Unknown with { Message = message };

            default:
                return StreamKeyCheck.Unknown;
        }
    }

    private async ValueTask<StreamKeyCheck> AskCallbackAsync(PublishRequest request, StreamKeyCheck.Valid? earlier,
        CancellationToken cancellationToken)
    {
        var subject = AuthCallbackChannels.KeyIdOf(request.StreamKey);
        AuthCallbackEvent callbackRequest;
        ChannelName channel;
        var create = false;
        if (earlier is { CallbackRequest: { } earlierRequest })
        {
            (callbackRequest, channel) = (earlierRequest, earlier.Key.Channel);
        }
        else
        {
            if (attempts.IsLimitReached(request.Remote, subject))
            {
                return new StreamKeyCheck.Invalid(PublishRejectionReason.TooManyAttempts,
                    "Too many rejected attempts from your address. Check the stream key, wait a minute and try again.");
            }

            callbackRequest = AuthCallbackEvent.PublishRequestOf(request, null, time.GetUtcNow());
            var answer = await webhook.SendAsync(_options.Url!, callbackRequest, cancellationToken);
            if (answer is AuthCallbackResult.Failed)
            {
                return Unavailable;
            }

            if (answer is not AuthCallbackResult.Allowed allowed)
            {
                attempts.RecordFailure(request.Remote, subject);
                return answer is AuthCallbackResult.Denied { Message: { } message } ? StreamKeyCheck.Unknown with { Message = message }
                    : StreamKeyCheck.Unknown;
            }

            if (!ChannelName.TryParse(allowed.Channel ?? request.StreamKey, out channel))
            {
                ControlLog.CallbackChannelInvalid(logger);
                return StreamKeyCheck.Unknown;
            }

            create = allowed.Create && _options.CreateChannels;
        }

        try
        {
            return await channels.FindAsync(channel, subject, create, cancellationToken) is { } key
                ? new StreamKeyCheck.Valid(key, FromCache: false, callbackRequest)
                : RejectMissing(channel);
        }
        catch (OperationException)
        {
            return new StreamKeyCheck.Invalid(PublishRejectionReason.AuthorityUnavailable,
                "The server cannot look up channels at the moment. Try again in a moment.");
        }
    }

    private StreamKeyCheck.Invalid RejectMissing(ChannelName channel)
    {
        ControlLog.CallbackChannelMissing(logger, channel.Value);
        return new(PublishRejectionReason.UnknownKey, "There is no channel for this stream.");
    }
}
