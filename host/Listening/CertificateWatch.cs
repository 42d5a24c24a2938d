using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Media;

namespace Broadcast.Host.Listening;

/// <summary>
/// The certificate that new connections are shown. The files are read again now and then, by content, so that renewed ones count without a restart however they were put there (links
/// and mounts too); connections that run keep theirs. While what is in the files is no use, the one before goes on.
/// </summary>
internal sealed partial class CertificateWatch(TlsOptions options, DataFolder data, TimeProvider time) : IDisposable
{
    private SslStreamCertificateContext? _current;
    private byte[] _seen = [];
    private ITimer? _timer;
    private int _looking;

    /// <summary>What to show.</summary>
    /// <exception cref="InvalidOperationException"><see cref="Load"/> was not called.</exception>
    public SslStreamCertificateContext Current => _current ?? throw new InvalidOperationException("No certificate was loaded.");

    /// <summary>Reads the certificate for the first time.</summary>
    /// <exception cref="StartException">It cannot be read; the message says which file and why.</exception>
    public void Load()
    {
        if (options.CertificateFile is null)
        {
            _current = Certificates.SelfSigned(data, time);
            return;
        }

        try
        {
            var (certificate, key) = Certificates.ReadFiles(options);
            _seen = Fingerprint(certificate, key);
            _current = Certificates.Parse(options, certificate, key);
        }
        catch (Exception e) when (IsUseless(e))
        {
            throw new StartException(
                $"The certificate cannot be read (Tls:CertificateFile = {options.CertificateFile}, Tls:KeyFile = {options.KeyFile}): {e.Message} "
                + "Both must be PEM files that this user can read, or the first one a PFX file; Tls:Password opens what is encrypted.");
        }
    }

    /// <summary>Looks for a new one from now on.</summary>
    public void Start(ILogger logger)
    {
        Tell(logger);
        _timer = time.CreateTimer(_ => Look(logger), null, options.CheckInterval, options.CheckInterval);
    }

    /// <summary>Looks now.</summary>
    public void Look(ILogger logger)
    {
        if (Interlocked.Exchange(ref _looking, 1) == 1)
        {
            return;   // a slow disk: the last look still runs
        }

        try
        {
            if (options.CertificateFile is not null)
            {
                Renew(logger);
            }
            else if (!Certificates.Lasts(Current.TargetCertificate, time.GetUtcNow()))
            {
                _current = Certificates.SelfSigned(data, time);
                Tell(logger);
            }
        }
        catch (Exception e) when (IsUseless(e))
        {
            Unusable(logger, options.CertificateFile, e.Message);
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Renew(ILogger logger)
    {
        byte[] certificate;
        byte[]? key;
        try
        {
            (certificate, key) = Certificates.ReadFiles(options);
        }
        catch (Exception e) when (IsUseless(e))
        {
            // In the middle of being replaced, or gone: said once, and looked at again.
            if (_seen.Length > 0)
            {
                _seen = [];
                Unusable(logger, options.CertificateFile, e.Message);
            }

            return;
        }

        var fingerprint = Fingerprint(certificate, key);
        if (fingerprint.AsSpan().SequenceEqual(_seen))
        {
            return;
        }

        _seen = fingerprint;
        var next = Certificates.Parse(options, certificate, key);
        if (next.TargetCertificate.NotAfter.ToUniversalTime() <= time.GetUtcNow().UtcDateTime)
        {
            throw new CryptographicException($"It expired on {next.TargetCertificate.NotAfter.ToUniversalTime():u}.");
        }

        _current = next;
        Tell(logger);
    }

    private void Tell(ILogger logger)
    {
        var certificate = Current.TargetCertificate;
        if (certificate.NotAfter.ToUniversalTime() <= time.GetUtcNow().UtcDateTime)
        {
            Expired(logger, certificate.Subject, certificate.NotAfter.ToUniversalTime());
        }
        else
        {
            InUse(logger, certificate.Subject, certificate.NotAfter.ToUniversalTime());
        }
    }

    private static byte[] Fingerprint(byte[] certificate, byte[]? key) => SHA256.HashData([.. SHA256.HashData(certificate), .. SHA256.HashData(key ?? [])]);

    private static bool IsUseless(Exception e) => e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    [LoggerMessage(7010, LogLevel.Information, "TLS shows the certificate of {Subject}, good until {Until:u}")]
    private static partial void InUse(ILogger logger, string subject, DateTime until);

    [LoggerMessage(7011, LogLevel.Warning, "The certificate of {Subject} has expired on {Until:u}; encoders and viewers that verify it are turned away")]
    private static partial void Expired(ILogger logger, string subject, DateTime until);

    [LoggerMessage(7012, LogLevel.Error, "The new certificate in {File} is no use, the one before stays: {Reason}")]
    private static partial void Unusable(ILogger logger, string? file, string reason);
}
