using System.Globalization;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Lets encoders whose right to publish is settled into their channel. An encoder that comes back before the silence of its half-dead connection has lasted long enough waits
/// for the rest of it, because encoders that are refused try again only after seconds.
/// </summary>
internal sealed class ChannelDoor(SessionBook book, IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>A timer may fire a little early, and the silence must not be found too short by that.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(10);

    /// <summary>Seats an encoder, after a short wait where that helps.</summary>
    /// <returns><see cref="Seating.Taken"/> or <see cref="Seating.Busy"/>; the latter too when <paramref name="cancellationToken"/> ends the wait.</returns>
    public async ValueTask<Seating> EnterAsync(KeyRecord key, CancellationToken cancellationToken)
    {
        var terms = new TakeoverTerms(key.Takeover, key.TakeoverAfter ?? options.Value.TakeoverAfter, options.Value.TakeoversPerMinute);
        var came = time.GetTimestamp();
        while (true)
        {
            var patience = cancellationToken.IsCancellationRequested ? TimeSpan.Zero : options.Value.TakeoverWait - time.GetElapsedTime(came);
            var seating = book.Take(key, terms, patience);
            if (seating is not Seating.Soon soon)
            {
                return seating;
            }

            await Task.WhenAny(soon.Gone, Task.Delay(soon.In + Slack, time, cancellationToken));
        }
    }

    /// <summary>Why the encoder that has the place keeps it, for the person at the other one.</summary>
    public string Explain(KeyRecord key, Seating.Busy busy)
    {
        var after = key.TakeoverAfter ?? options.Value.TakeoverAfter;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Another encoder has been publishing {(key.Input == InputRole.Backup ? "as backup " : "")}on channel {key.Channel} since {busy.Since:HH:mm:ss} UTC; its last frame came {busy.Silence.TotalSeconds:0.0} s ago. Stop it, use another channel, or come back when it has been silent for {after.TotalSeconds:0.#} s.");
    }
}
