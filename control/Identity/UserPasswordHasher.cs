using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Identity;

/// <summary>
/// Password hashes: ASP.NET Core Identity's version 3, which is PBKDF2 with HMAC-SHA-512, a 128-bit salt and the iteration count stored in
/// the hash. Each takes about 0.1 s of CPU time by design. To protect streams, only <see cref="MaxConcurrent"/> are computed at a time, and
/// requests are rejected when <see cref="MaxWaiting"/> are waiting.
/// </summary>
internal static class UserPasswordHasher
{
    /// <summary>
    /// Iterations. OWASP's Password Storage Cheat Sheet requires at least 210,000 (2023). Hashes with fewer are recomputed at the next
    /// login.
    /// </summary>
    public const int Iterations = 220_000;

    /// <summary>Maximum number of concurrent computations.</summary>
    public const int MaxConcurrent = 2;

    /// <summary>Maximum number of waiting requests.</summary>
    public const int MaxWaiting = 20;

    private static readonly object PlaceholderUser = new();
    private static readonly PasswordHasher<object> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private static readonly SemaphoreSlim Slots = new(MaxConcurrent, MaxConcurrent);

    // An unknown user takes as long as a known one.
    private static readonly Lazy<string> PlaceholderHash = new(() => Hasher.HashPassword(PlaceholderUser, "nobody's password"));
    private static int _waiting;

    /// <summary>Waits for a slot.</summary>
    /// <returns>Slot, released when disposed.</returns>
    /// <exception cref="ControlException"><see cref="ControlErrorCode.TooManyAttempts"/>: too many requests are waiting.</exception>
    public static async Task<IDisposable> AcquireAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new ControlException(ControlErrorCode.TooManyAttempts, "Too many concurrent logins. Try again in a moment.");
        }

        try
        {
            await Slots.WaitAsync(cancellationToken);
            return new HashSlot();
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Hashes a password; the caller holds a slot.</summary>
    public static string Hash(string password) => Hasher.HashPassword(PlaceholderUser, password);

    /// <summary>Hashes a password in its own slot.</summary>
    public static async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        using var slot = await AcquireAsync(cancellationToken);
        return Hash(password);
    }

    /// <summary>Returns whether a password matches a hash; the caller holds a slot.</summary>
    /// <param name="hash">Stored hash; <see langword="null"/> for an unknown user, which takes as long and never matches.</param>
    /// <param name="password">Password entered.</param>
    /// <param name="needsRehash">Whether it matched and the hash should be recomputed.</param>
    public static bool Matches(string? hash, string password, out bool needsRehash)
    {
        var result = Hasher.VerifyHashedPassword(PlaceholderUser, hash ?? PlaceholderHash.Value, password);
        needsRehash = hash is not null && result == PasswordVerificationResult.SuccessRehashNeeded;
        return hash is not null && result != PasswordVerificationResult.Failed;
    }

    private sealed class HashSlot : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                Slots.Release();
            }
        }
    }
}
