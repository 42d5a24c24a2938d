using Broadcast.Database;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Identity;

/// <summary>
/// Password hashes: ASP.NET Core Identity's version 3, which is PBKDF2 with HMAC-SHA-512, a 128-bit salt and the iteration count stored in
/// the hash. Each takes about 0.1 s of CPU time by design. To protect streams, at most <see cref="MaxConcurrent"/> are computed at a time,
/// on threads of their own and never on the thread pool, and the queue is bounded (<see cref="PasswordHashQueue"/>).
/// </summary>
internal static class UserPasswordHasher
{
    /// <summary>
    /// Iterations. OWASP's Password Storage Cheat Sheet requires at least 210,000 (2023). Hashes with fewer are recomputed at the next
    /// login.
    /// </summary>
    public const int Iterations = 220_000;

    /// <summary>Maximum number of concurrent computations: half of the cores.</summary>
    public static readonly int MaxConcurrent = Math.Max(1, Environment.ProcessorCount / 2);

    private static readonly object PlaceholderUser = new();
    private static readonly PasswordHasher<object> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private static readonly PasswordHashQueue Queue = new(MaxConcurrent);

    // An unknown user takes as long as a known one.
    private static readonly Lazy<string> PlaceholderHash = new(() => Hasher.HashPassword(PlaceholderUser, "nobody's password"));

    /// <summary>Waits for a slot.</summary>
    /// <param name="isKnown">Whether the client logged in before, or is logged in.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Slot, released when disposed.</returns>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.TooManyAttempts"/>: too many requests are waiting.</exception>
    public static Task<IDisposable> AcquireAsync(bool isKnown, CancellationToken cancellationToken) =>
        Queue.AcquireAsync(isKnown, cancellationToken);

    /// <summary>Hashes the password of a new or changed user, in its own slot.</summary>
    public static async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        using var slot = await AcquireAsync(isKnown: true, cancellationToken);
        return await RunAsync(() => Hasher.HashPassword(PlaceholderUser, password));
    }

    /// <summary>Verifies a password; the caller holds a slot.</summary>
    /// <param name="hash">Stored hash; <see langword="null"/> for an unknown user, which takes as long and never matches.</param>
    /// <param name="password">Password entered.</param>
    /// <returns>Whether the password matches, and the hash to store instead if the stored one is outdated.</returns>
    public static Task<(bool IsMatch, string? NewHash)> VerifyAsync(string? hash, string password) => RunAsync(() =>
    {
        var result = Hasher.VerifyHashedPassword(PlaceholderUser, hash ?? PlaceholderHash.Value, password);
        return hash is null || result == PasswordVerificationResult.Failed ? (false, (string?)null)
            : (true, result == PasswordVerificationResult.SuccessRehashNeeded ? Hasher.HashPassword(PlaceholderUser, password) : null);
    });

    /// <summary>
    /// Runs a computation on a thread of its own, which costs little compared with the computation; the slots bound the number of threads.
    /// </summary>
    internal static Task<T> RunAsync<T>(Func<T> compute) =>
        Task.Factory.StartNew(compute, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
