using System.Runtime.CompilerServices;

namespace Broadcast.Testing;

/// <summary>Waiting for something that another thread or process does: ask often, give up at a deadline, say what was waited for.</summary>
public static class Poll
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns once <paramref name="condition"/> holds.</summary>
    /// <exception cref="TimeoutException">It did not hold within <paramref name="deadline"/> (20 s when not given).</exception>
    public static Task UntilAsync(Func<bool> condition, TimeSpan? deadline = null, string? description = null,
        CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        UntilAsync(() => Task.FromResult(condition()), deadline, description ?? expression, cancellationToken);

    /// <inheritdoc cref="UntilAsync(Func{bool}, TimeSpan?, string?, CancellationToken, string)"/>
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan? deadline = null, string? description = null,
        CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(condition))] string expression = "") =>
        await ForAsync(async () => await condition() ? "" : null, deadline, description ?? expression, cancellationToken);

    /// <summary>Returns the first value of <paramref name="probe"/> that is not <see langword="null"/>. Refused connections and I/O errors count as "not yet".</summary>
    /// <exception cref="TimeoutException">There was none within <paramref name="deadline"/>; the last error, if any, is inside.</exception>
    public static async Task<T> ForAsync<T>(Func<Task<T?>> probe, TimeSpan? deadline = null, string? description = null,
        CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(probe))] string expression = "")
        where T : class
    {
        var limit = deadline ?? DefaultDeadline;
        var start = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        while (true)
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
                throw new TimeoutException($"Waited {limit.TotalSeconds:0.#} s in vain for: {description ?? expression}", last);
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }
}
