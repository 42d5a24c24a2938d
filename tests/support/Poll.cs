using System.Runtime.CompilerServices;

namespace Broadcast.Testing;

/// <summary>
/// Polls for effects of other threads or processes. It fails after four times the deadline with a description of the missing condition. The
/// longer a wait takes, the rarer it polls: a probe of a server or a web page costs CPU time that the awaited work needs.
/// </summary>
public static class Poll
{
    // Deadlines are written for an idle machine. A condition that holds late on a busy machine is not a failure.
    private const int DeadlineFactor = 4;

    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns once <paramref name="condition"/> is true.</summary>
    /// <exception cref="TimeoutException">
    /// The condition was still false after four times <paramref name="deadline"/> (20 s by default).
    /// </exception>
    public static Task UntilAsync(Func<bool> condition, TimeSpan? deadline = null, string? description = null,
        CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        UntilAsync(() => Task.FromResult(condition()), deadline, description ?? expression, cancellationToken);

    /// <inheritdoc cref="UntilAsync(Func{bool}, TimeSpan?, string?, CancellationToken, string)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan? deadline = null, string? description = null,
        CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        await ForAsync(async () => await condition() ? "" : null, deadline, description ?? expression, cancellationToken);

    /// <summary>
    /// Returns the first value of <paramref name="probe"/> other than <see langword="null"/>. Connection and I/O errors are retried.
    /// </summary>
    /// <exception cref="TimeoutException">
    /// No value was returned within four times <paramref name="deadline"/>; the last error is the inner exception.
    /// </exception>
    public static async Task<T> ForAsync<T>(Func<Task<T?>> probe, TimeSpan? deadline = null, string? description = null,
        CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(probe))] string expression = "")
        where T : class
    {
        var limit = (deadline ?? DefaultDeadline) * DeadlineFactor;
        var start = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        for (var pause = FirstPause; ; pause = Longer(pause))
        {
            try
            {
                if (await probe() is { } value)
                {
                    return value;
                }
            }
            catch (Exception e) when (e is IOException or HttpRequestException or System.Net.Sockets.SocketException)
            {
                last = e;
            }

            if (TimeProvider.System.GetElapsedTime(start) > limit)
            {
                throw new TimeoutException($"Timed out after {limit.TotalSeconds:0.#} s waiting for: {description ?? expression}", last);
            }

            await Task.Delay(pause, TimeProvider.System, cancellationToken);
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 1.25 < LongestPause ? pause * 1.25 : LongestPause;
}
