# What `cmake --install` puts where, and the Debian package of it. `./dev package` builds both from the release preset.
include(GNUInstallDirs)

install(TARGETS hearthd fn RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS launch RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/hearth")  # where hearthd looks for it
# Both programs look for them at ../share/hearth/templates.
install(DIRECTORY templates/ DESTINATION "${CMAKE_INSTALL_DATADIR}/hearth/templates" USE_SOURCE_PERMISSIONS
        PATTERN "__pycache__" EXCLUDE)
# Which of them are programs says the source; who else may write or read them, the umask of whoever cloned it must not.
install(CODE "execute_process(COMMAND chmod -R u=rwX,go=rX
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/hearth/templates\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES controller/systemd/hearthd.service controller/systemd/hearthd-gateway.socket
              controller/systemd/hearthd-api.socket DESTINATION lib/systemd/system)
install(FILES README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}")  # where README.md leads to

# Manual pages and completions are what the programs say of themselves.
set(WORDS "${CMAKE_CURRENT_BINARY_DIR}/words")
set(SAID fn.1 hearthd.8 fn.bash _fn fn.fish)
list(TRANSFORM SAID PREPEND "${WORDS}/")
add_custom_command(
  OUTPUT ${SAID}
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${WORDS}"
  COMMAND fn help --as man > "${WORDS}/fn.1"
  COMMAND hearthd --man > "${WORDS}/hearthd.8"
  COMMAND fn completion bash > "${WORDS}/fn.bash"
  COMMAND fn completion zsh > "${WORDS}/_fn"
  COMMAND fn completion fish > "${WORDS}/fn.fish"
  DEPENDS fn hearthd
  VERBATIM)
add_custom_target(words ALL DEPENDS ${SAID})
install(FILES "${WORDS}/fn.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${WORDS}/hearthd.8" DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
install(FILES "${WORDS}/fn.bash" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME fn)
install(FILES "${WORDS}/_fn" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
install(FILES "${WORDS}/fn.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hearth)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The Hearth developers <hearth@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "function platform: a controller for Docker and its command line")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates")
# Docker may be Debian's, Docker's own or another's; where base images cannot be pulled they are made of packages.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "docker.io | docker-ce | moby-engine, debootstrap, curl")
set(SCRIPTS postinst prerm postrm)
list(TRANSFORM SCRIPTS PREPEND "${PROJECT_SOURCE_DIR}/controller/packaging/")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${SCRIPTS}")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
