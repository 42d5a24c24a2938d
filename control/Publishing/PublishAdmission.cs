using System.Globalization;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Publishing;

/// <summary>
/// Admits authorized encoders to their channel. An encoder that reconnects while its dead connection has not been silent for long enough
/// waits for the remaining time, because rejected encoders retry only after seconds.
/// </summary>
internal sealed class PublishAdmission(SessionManager sessionManager, IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>Margin for timers that fire early, so that the silence is not measured too short.</summary>
    private static readonly TimeSpan TimerMargin = TimeSpan.FromMilliseconds(10);

    /// <summary>Admits an encoder, after a short wait if that helps.</summary>
    /// <param name="key">Stream key of the encoder.</param>
    /// <param name="upstream">Sessions from which its media come.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see cref="AdmissionResult.Admitted"/> or <see cref="AdmissionResult.Busy"/>; the latter also when
    /// <paramref name="cancellationToken"/> ends the wait. <see cref="AdmissionResult.Moving"/> when the session moves to
    /// another server, or has moved meanwhile.</returns>
    public async ValueTask<AdmissionResult> AdmitAsync(StreamKeyRecord key, IReadOnlyList<SessionId> upstream,
        CancellationToken cancellationToken)
    {
        var rules = new TakeoverRules(key.Takeover, key.TakeoverAfter ?? options.Value.TakeoverAfter, options.Value.TakeoversPerMinute);
        var arrivedAt = time.GetTimestamp();
        while (true)
        {
            var remainingWait = cancellationToken.IsCancellationRequested ? TimeSpan.Zero
                : options.Value.TakeoverWait - time.GetElapsedTime(arrivedAt);
            var result = sessionManager.Admit(key, rules, remainingWait, upstream);
            if (result is AdmissionResult.Moving moving)
            {
                await Task.WhenAny(moving.WhenOver,
                    Task.Delay(remainingWait > TimeSpan.Zero ? remainingWait : TimeSpan.Zero, time, CancellationToken.None));
                return moving;
            }

            if (result is not AdmissionResult.RetryLater retry)
            {
                return result;
            }

            await Task.WhenAny(retry.Freed, Task.Delay(retry.RetryAfter + TimerMargin, time, cancellationToken));
        }
    }

    /// <summary>Message for the rejected encoder.</summary>
    public string DescribeRejection(StreamKeyRecord key, AdmissionResult.Busy busy)
    {
        var after = key.TakeoverAfter ?? options.Value.TakeoverAfter;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Another encoder has been publishing {(key.Input == InputRole.Backup ? "as backup " : "")}on channel {key.Channel} since {busy.Since:HH:mm:ss} UTC; its last frame arrived {busy.Silence.TotalSeconds:0.0} s ago. Stop it, use another channel, or retry when it has been silent for {after.TotalSeconds:0.#} s.");
    }
}
