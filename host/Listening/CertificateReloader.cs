using System.Net.Security;
using System.Security.Cryptography;
using Broadcast.Media;

namespace Broadcast.Host.Listening;

/// <summary>
/// Holds the certificate for new connections. The files are reloaded periodically, by content, so renewed certificates apply without a
/// restart however they were replaced (including links and mounts). Existing connections keep theirs. While the files are invalid, the
/// previous certificate stays in use.
/// </summary>
internal sealed partial class CertificateReloader(TlsOptions options, DataFolder data, TimeProvider time) : IDisposable
{
    private SslStreamCertificateContext? _current;
    private byte[] _fingerprint = [];
    private ITimer? _timer;
    private int _checking;

    /// <summary>The current certificate.</summary>
    /// <exception cref="InvalidOperationException"><see cref="Load"/> was not called.</exception>
    public SslStreamCertificateContext Current => _current ?? throw new InvalidOperationException("No certificate was loaded.");

    /// <summary>Loads the certificate initially.</summary>
    /// <exception cref="StartException">The certificate cannot be read; the message contains the file and the reason.</exception>
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
            _fingerprint = Fingerprint(certificate, key);
            _current = Certificates.Parse(options, certificate, key);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            throw new StartException(
                $"The TLS certificate cannot be read (Tls:CertificateFile = {options.CertificateFile}, Tls:KeyFile "
                + $"= {options.KeyFile}): {e.Message} "
                + "Use PEM files that this user can read, or a PFX file as CertificateFile; set Tls:Password if they are encrypted.");
        }
    }

    /// <summary>Starts checking for new certificates.</summary>
    public void Start(ILogger logger)
    {
        LogCertificate(logger);
        _timer = time.CreateTimer(_ => Check(logger), null, options.CheckInterval, options.CheckInterval);
    }

    /// <summary>Checks for a new certificate now.</summary>
    public void Check(ILogger logger)
    {
        if (Interlocked.Exchange(ref _checking, 1) == 1)
        {
            return;   // a slow disk: the previous check is still running
        }

        try
        {
            if (options.CertificateFile is not null)
            {
                Reload(logger);
            }
            else if (!Certificates.IsValidLongEnough(Current.TargetCertificate, time.GetUtcNow()))
            {
                _current = Certificates.SelfSigned(data, time);
                LogCertificate(logger);
            }
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            Unusable(logger, options.CertificateFile, e.Message);
        }
        finally
        {
            Volatile.Write(ref _checking, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Reload(ILogger logger)
    {
        byte[] certificate;
        byte[]? key;
        try
        {
            (certificate, key) = Certificates.ReadFiles(options);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            // The files are being replaced, or are missing: logged once, and checked again later.
            if (_fingerprint.Length > 0)
            {
                _fingerprint = [];
                Unusable(logger, options.CertificateFile, e.Message);
            }

            return;
        }

        var fingerprint = Fingerprint(certificate, key);
        if (fingerprint.AsSpan().SequenceEqual(_fingerprint))
        {
            return;
        }

        _fingerprint = fingerprint;
        var next = Certificates.Parse(options, certificate, key);
        if (next.TargetCertificate.NotAfter.ToUniversalTime() <= time.GetUtcNow().UtcDateTime)
        {
            throw new CryptographicException($"The certificate expired on {next.TargetCertificate.NotAfter.ToUniversalTime():u}.");
        }

        _current = next;
        LogCertificate(logger);
    }

    private void LogCertificate(ILogger logger)
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

    private static byte[] Fingerprint(byte[] certificate, byte[]? key) =>
        SHA256.HashData([.. SHA256.HashData(certificate), .. SHA256.HashData(key ?? [])]);

    private static bool IsUnreadable(Exception e) =>
        e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;

    [LoggerMessage(7010, LogLevel.Information, "TLS certificate {Subject} in use, valid until {Until:u}")]
    private static partial void InUse(ILogger logger, string subject, DateTime until);

    [LoggerMessage(7011, LogLevel.Warning,
        "TLS certificate {Subject} expired on {Until:u}; encoders and viewers that verify it cannot connect")]
    private static partial void Expired(ILogger logger, string subject, DateTime until);

    [LoggerMessage(7012, LogLevel.Error, "New TLS certificate in {File} is unusable, keeping the current one: {Reason}")]
    private static partial void Unusable(ILogger logger, string? file, string reason);
}
