# What `cmake --install` puts where, and the Debian package of it. `./dev package` builds both from the release preset.
include(GNUInstallDirs)

install(TARGETS hearthd fn RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
# Both programs look for them at ../share/hearth/templates.
install(DIRECTORY templates/ DESTINATION "${CMAKE_INSTALL_DATADIR}/hearth/templates" USE_SOURCE_PERMISSIONS
        PATTERN "__pycache__" EXCLUDE)
install(FILES README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs/guides docs/reference DESTINATION "${CMAKE_INSTALL_DOCDIR}")

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
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
