using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Cluster.Connections;
using Broadcast.Media.ClusterToControl;

namespace Broadcast.Cluster.Tests;

public sealed class ClusterCertificatesTests
{
    private static readonly Guid Peer = Guid.NewGuid();
    private static readonly ServerCertificate Own = ClusterCertificates.Issue(FakeDirectory.Authority, Guid.NewGuid());

    [Fact]
    public void Certificates_of_the_authority_name_their_server()
    {
        Own.Verify(ClusterCertificates.Issue(FakeDirectory.Authority, Peer).Certificate).ShouldBe(Peer);
        Own.Verify(Own.Certificate).ShouldBe(Own.Server);
    }

    [Fact]
    public void Certificates_of_others_are_rejected()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Peer:D}", key, HashAlgorithmName.SHA256);
        using var selfSigned = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));

        Own.Verify(null).ShouldBeNull();
        Own.Verify(selfSigned).ShouldBeNull();
        Own.Verify(ClusterCertificates.Issue(ClusterCertificates.CreateAuthority(), Peer).Certificate)
            .ShouldBeNull("another authority of the same name");
    }

    [Fact]
    public void The_authority_itself_and_other_subjects_are_not_servers()
    {
        Own.Verify(Own.Authority).ShouldBeNull();
        Own.Verify(Issue("CN=not a server")).ShouldBeNull();
        Own.Verify(Issue($"CN={Peer:N}")).ShouldBeNull();
        Own.Verify(Issue($"CN={Peer:D}, O=more")).ShouldBeNull();
        Own.Verify(Issue($"CN={Peer:D}")).ShouldBe(Peer);
    }

    [Fact]
    public void A_server_cannot_issue_certificates()
    {
        var server = ClusterCertificates.Issue(FakeDirectory.Authority, Guid.NewGuid());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Peer:D}", key, HashAlgorithmName.SHA256);
        var signature = X509SignatureGenerator.CreateForECDsa(server.Certificate.GetECDsaPrivateKey()!);
        using var issued = request.Create(server.Certificate.SubjectName, signature, At(2025), At(2100), [1]);
        Own.Verify(issued).ShouldBeNull();
    }

    [Theory]
    [InlineData(1990, 1991)]
    [InlineData(2190, 2191)]
    public void Validity_periods_are_ignored(int from, int to)
    {
        Own.Verify(Issue($"CN={Peer:D}", At(from), At(to))).ShouldBe(Peer);
    }

    [Fact]
    public void Nothing_is_downloaded_for_a_verification()
    {
        var policy = Own.CreateChainPolicy();
        policy.DisableCertificateDownloads.ShouldBeTrue();
        policy.RevocationMode.ShouldBe(X509RevocationMode.NoCheck);
    }

    [Fact]
    public async Task A_certificate_is_issued_once_and_again_when_the_id_changes()
    {
        var directory = new FakeDirectory { Error = new IOException("no database") };
        var certificates = new ClusterCertificates(directory);
        await Should.ThrowAsync<IOException>(certificates.GetAsync(CancellationToken.None).AsTask());

        directory.Error = null;
        var first = await certificates.GetAsync(CancellationToken.None);
        (await certificates.GetAsync(CancellationToken.None)).ShouldBeSameAs(first);
        directory.Reads.ShouldBe(2);

        directory.Self = Guid.NewGuid();
        var second = await certificates.GetAsync(CancellationToken.None);
        (first.Verify(second.Certificate), second.Certificate.HasPrivateKey).ShouldBe((directory.Self, true));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "")]
    public void A_malformed_authority_is_an_error_of_the_database(string certificate, string key) =>
        Should.Throw<IOException>(() => ClusterCertificates.Issue(new ClusterAuthority(certificate, key), Peer));

    [Fact]
    public void The_private_key_is_not_part_of_the_text() =>
        $"{FakeDirectory.Authority}".ShouldBe("ClusterAuthority");

    private static DateTimeOffset At(int year) => new(year, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static X509Certificate2 Issue(string subject, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        using var issuer = X509Certificate2.CreateFromPem(FakeDirectory.Authority.Certificate, FakeDirectory.Authority.PrivateKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signature = X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!);
        return new CertificateRequest(subject, key, HashAlgorithmName.SHA256)
            .Create(issuer.SubjectName, signature, from ?? At(2025), to ?? At(2100), [1, 2, 3]);
    }
}
